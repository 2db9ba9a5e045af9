namespace TorchSharp;

public static partial class torch
{
    public partial class Tensor
    {
        public Tensor where(Tensor condition, Tensor y) => torch.where(condition, this, y);
    }

    public static Tensor cat(Tensor[] tensors, long dim = 0) => Aten.cat.Call(tensors, dim);
    public static Tensor cat(IList<Tensor> tensors, long dim = 0) => Aten.cat.Call(tensors.ToArray(), dim);
    public static Tensor cat(ReadOnlySpan<Tensor> tensors, long dim = 0) => Aten.cat.Call(tensors.ToArray(), dim);

    public static Tensor concat(Tensor[] tensors, long dim = 0) => cat(tensors, dim);
    public static Tensor concat(IList<Tensor> tensors, long dim = 0) => cat(tensors, dim);
    public static Tensor concat(ReadOnlySpan<Tensor> tensors, long dim = 0) => cat(tensors, dim);

    public static Tensor concatenate(Tensor[] tensors, long axis = 0) => cat(tensors, axis);
    public static Tensor concatenate(IList<Tensor> tensors, long axis = 0) => cat(tensors, axis);
    public static Tensor concatenate(ReadOnlySpan<Tensor> tensors, long axis = 0) => cat(tensors, axis);

    public static Tensor stack(IEnumerable<Tensor> tensors, long dim = 0) => Aten.stack.Call(tensors.ToArray(), dim);

    public static Tensor hstack(params Tensor[] tensors) => Aten.hstack.Call(tensors);
    public static Tensor hstack(IList<Tensor> tensors) => Aten.hstack.Call(tensors.ToArray());
    public static Tensor vstack(Tensor[] tensors) => Aten.vstack.Call(tensors);
    public static Tensor vstack(IList<Tensor> tensors) => Aten.vstack.Call(tensors.ToArray());
    public static Tensor dstack(params Tensor[] tensors) => Aten.dstack.Call(tensors);
    public static Tensor dstack(IList<Tensor> tensors) => Aten.dstack.Call(tensors.ToArray());
    public static Tensor column_stack(params Tensor[] tensors) => Aten.column_stack.Call(tensors);
    public static Tensor column_stack(IList<Tensor> tensors) => Aten.column_stack.Call(tensors.ToArray());
    public static Tensor row_stack(params Tensor[] tensors) => Aten.row_stack.Call(tensors);
    public static Tensor row_stack(IList<Tensor> tensors) => Aten.row_stack.Call(tensors.ToArray());

    public static Tensor where(Tensor condition, Tensor x, Tensor y) => Aten.where_self.Call(condition, x, y);

    /// <summary>The positions where the condition holds, one tensor per dimension.</summary>
    public static Tensor[] where(Tensor condition) => Aten.where.List(condition);

    /// <param name="tensors">One-dimensional coordinates.</param>
    /// <param name="indexing">"ij" for matrix order, "xy" for the first two swapped.</param>
    public static Tensor[] meshgrid(IEnumerable<Tensor> tensors, string indexing = "ij") =>
        Aten.meshgrid_indexing.List(tensors.ToArray(), indexing);

    public static IList<Tensor> broadcast_tensors(params Tensor[] tensors) => Aten.broadcast_tensors.List(tensors);
}
