using OnnxKd.Core.Onnx;
using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Operators;

/// <summary>Tensors made from numbers, shapes or indices.</summary>
internal static class Creation
{
    /// <summary>Numbers in Constant nodes are tensors of the file, so what comes here is something else.</summary>
    public static Kernel Constant(NodeContext node)
    {
        var text = node.Attributes.Has("value_string") || node.Attributes.Has("value_strings");
        var found = text ? "text" : node.Attributes.Has("sparse_value") ? "a sparse tensor" : "none of its attributes, or several";
        throw node.Unsupported("needs numbers in one attribute", found, "export the model with dense tensors");
    }

    /// <summary>One value everywhere; default: 0 as float32.</summary>
    public static Kernel ConstantOfShape(NodeContext node)
    {
        var value = node.Attributes.GetTensor("value") ?? TensorData.Create("zero", [0f]);
        if (TorchTypes.Of(value.DataType) is null)
            throw node.Unsupported("has a value of a type that the trainer does not support", TensorTypes.Name(value.DataType));
        if (value.ElementCount() != 1)
            throw node.Unsupported("needs a single value", $"{value.ElementCount()}");
        var shape = node.Longs(0);
        return x => [value.ToTensor(CPU).reshape([]).expand(shape(x)).contiguous()];
    }

    /// <summary>start, start + delta, ... up to before the limit; empty if that lies the other way.</summary>
    public static Kernel Range(NodeContext node) => x =>
    {
        var type = x[0].dtype;
        if (x[0].is_integral())
        {
            var (start, limit, delta) = (x.Longs(0)[0], x.Longs(1)[0], x.Longs(2)[0]);
            return [TensorNumbers.Range(Count((double)limit - start, delta), int64).Mul(delta).Add(start).to(type)];
        }
        var (from, to, step) = (x.Doubles(0)[0], x.Doubles(1)[0], x.Doubles(2)[0]);
        return [TensorNumbers.Range(Count(to - from, step), float64).Mul(step).Add(from).to(type)];
    };

    /// <summary>On where the index is, off elsewhere: also in rows whose index is out of range.</summary>
    public static Kernel OneHot(NodeContext node)
    {
        var axis = node.Attributes.GetInt("axis", -1);
        var depth = node.Doubles(1);
        return x =>
        {
            var (classes, device) = ((long)depth(x)[0], x[2].device);
            var shape = new long[x[0].ndim + 1];
            Array.Fill(shape, 1);
            shape[Shaping.Position(axis, shape.Length)] = classes;
            var hot = Gathering.Wrap(ElementTypes.RequireNumbers(x[0]).to(int64), classes, device).unsqueeze(axis).eq(TensorNumbers.Range(classes, int64, device).reshape(shape));
            return [where(hot, x[2].select(0, 1), x[2].select(0, 0))];
        };
    }

    /// <summary>Ones on the k-th diagonal (above the main one if positive) of a matrix of the input's shape, zeros elsewhere.</summary>
    public static Kernel EyeLike(NodeContext node)
    {
        var diagonal = node.Attributes.GetInt("k", 0);
        ScalarType? type = node.Attributes.Has("dtype") ? Casting.TypeOf(node, node.Attributes.GetInt("dtype")) : null;
        return x =>
        {
            var (rows, columns) = (TensorNumbers.Range(x[0].size(0), int64, x[0].device), TensorNumbers.Range(x[0].size(1), int64, x[0].device));
            return [columns.Sub(diagonal).eq(rows.unsqueeze(1)).to(type ?? x[0].dtype)];
        };
    }

    private static long Count(double distance, double delta) => delta != 0
        ? (long)Math.Max(0, Math.Ceiling(distance / delta))
        : throw new ArgumentException("The step of a range is 0.");
}
