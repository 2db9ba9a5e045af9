using Onnx;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Tensors;

namespace OnnxKd.StudentTrainer.Graph.Import;

/// <summary>
/// Makes a graph of 16-bit or 64-bit floats one of float32: masters that small updates do not vanish in, and what optimizers keep. Export converts them
/// once.
/// </summary>
internal static class FloatWidening
{
    private static readonly HashSet<string> TypeAttributes = ["to", "dtype", "output_dtype", "stash_type"];

    /// <summary>Converts tensors, casts and declared types.</summary>
    /// <returns>The number of tensors that were converted.</returns>
    public static int Apply(GraphProto graph)
    {
        GraphProto[] graphs = [.. ModelTensors.WithBranches(graph)];
        AttributeProto[] attributes = [.. graphs.SelectMany(part => part.Node).SelectMany(node => node.Attribute)];
        TensorProto[] others =
        [
            .. graphs.SelectMany(part => part.Initializer).Concat(attributes.Where(a => a.T is not null).Select(a => a.T))
                .Where(tensor => IsOther(tensor.DataType)),
        ];
        foreach (var tensor in others)
            tensor.SetFloats(tensor.ToFloats());
        foreach (var attribute in attributes.Where(a => TypeAttributes.Contains(a.Name) && IsOther((int)a.I)))
            attribute.I = ElementType.Float32.ToDataType();
        foreach (var value in graph.Input.Concat(graph.Output).Where(value => IsOther(value.DataTypeOf())))
            value.Type.TensorType.ElemType = ElementType.Float32.ToDataType();
        return others.Length;
    }

    private static bool IsOther(int dataType) =>
        TensorTypes.TryElementType(dataType, out var type) && type is ElementType.Float16 or ElementType.BFloat16 or ElementType.Float64;
}
