using System.Runtime.InteropServices;
using Onnx;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Tensors;
using OnnxKd.StudentTrainer.Operators;

namespace OnnxKd.StudentTrainer.Graph.Import;

/// <summary>
/// A Cast between integers of constants, which exporters put before shapes and indices. It is computed without libtorch, because it is all
/// that many models have to fold, and loading libtorch takes longer than everything else that looking at a model does.
/// </summary>
internal static class IntegerCast
{
    /// <summary>Computes a node, if it is such a Cast.</summary>
    /// <param name="node">The node.</param>
    /// <param name="tensors">Constants by name; the node's inputs are among them.</param>
    /// <param name="largest">How many elements the result may have.</param>
    /// <returns>The result, with the name of the output; <c>null</c>: the node is something else.</returns>
    public static TensorProto? TryCompute(NodeProto node, IReadOnlyDictionary<string, TensorProto> tensors, long largest)
    {
        if (node.OpType != "Cast" || tensors[node.Input[0]] is var source && !IsInteger(source.DataType))
            return null;
        if (source.Dims.Aggregate(1L, (product, size) => product * size) > largest)
            return null;
        var target = (int)new Attributes(node).GetInt("to");
        if (!IsInteger(target))
            return null;
        TensorTypes.TryElementType(target, out var type);
        return TensorData.Create(node.Output[0], type, Convert(source.ToLongs(), type), [.. source.Dims]);
    }

    // Bools count as integers: 0 and 1.
    private static bool IsInteger(int dataType) => TorchTypes.Of(dataType) is not null && !TensorTypes.IsFloat(dataType);

    private static byte[] Convert(long[] values, ElementType type)
    {
        if (type == ElementType.Bool)
            return Array.ConvertAll(values, value => value == 0 ? (byte)0 : (byte)1);
        // What does not fit loses its upper bytes.
        var size = type.Size();
        var bytes = new byte[values.Length * size];
        for (var i = 0; i < values.Length; i++)
            MemoryMarshal.AsBytes(values.AsSpan(i, 1))[..size].CopyTo(bytes.AsSpan(i * size));
        return bytes;
    }
}
