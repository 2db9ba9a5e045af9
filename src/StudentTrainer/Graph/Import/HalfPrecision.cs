using Onnx;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Tensors;

namespace OnnxKd.StudentTrainer.Graph.Import;

/// <summary>
/// Widens a graph of 16-bit floats to float32: masters that small updates do not vanish in. Export rounds them once.
/// </summary>
internal static class HalfPrecision
{
    private static readonly HashSet<string> TypeAttributes = ["to", "dtype", "output_dtype", "stash_type"];

    /// <summary>Widens tensors, casts and declared types.</summary>
    /// <returns>The number of tensors that were widened.</returns>
    public static int Widen(GraphProto graph)
    {
        GraphProto[] graphs = [.. ModelTensors.WithBranches(graph)];
        AttributeProto[] attributes = [.. graphs.SelectMany(part => part.Node).SelectMany(node => node.Attribute)];
        TensorProto[] halves =
        [
            .. graphs.SelectMany(part => part.Initializer).Concat(attributes.Where(a => a.T is not null).Select(a => a.T))
                .Where(tensor => IsHalf(tensor.DataType)),
        ];
        foreach (var tensor in halves)
            tensor.SetFloats(tensor.ToFloats());
        foreach (var attribute in attributes.Where(a => TypeAttributes.Contains(a.Name) && IsHalf((int)a.I)))
            attribute.I = ElementType.Float32.ToDataType();
        foreach (var value in graph.Input.Concat(graph.Output).Where(value => IsHalf(value.DataTypeOf())))
            value.Type.TensorType.ElemType = ElementType.Float32.ToDataType();
        return halves.Length;
    }

    private static bool IsHalf(int dataType) =>
        TensorTypes.TryElementType(dataType, out var type) && type is ElementType.Float16 or ElementType.BFloat16;
}
