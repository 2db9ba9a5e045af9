using Onnx;
using OnnxKd.Core.Onnx;

namespace OnnxKd.StudentTrainer.Graph;

/// <summary>Which floats a graph computes with in a place, as far as its tensors tell.</summary>
internal static class FloatTypes
{
    private const int Float32 = (int)TensorProto.Types.DataType.Float;

    /// <summary>The type of a float tensor: that of the nearest Cast, weight or input behind it, for all between keeps it.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="tensor">The tensor.</param>
    /// <returns>ONNX's number of the type; float32 where nothing tells.</returns>
    public static int Of(GraphProto graph, string tensor)
    {
        var (index, held) = (new GraphIndex(graph), ModelTensors.Of(graph));
        for (var steps = 0; steps < graph.Node.Count && index.Producer(tensor) is { Input.Count: > 0 } node; steps++)
        {
            if (node.OpType == "Cast")
                return (int)(node.Attribute.FirstOrDefault(attribute => attribute.Name == "to")?.I ?? Float32);
            if (node.Input.Select(held.GetValueOrDefault).FirstOrDefault(value => value is not null && TensorTypes.IsFloat(value.DataType)) is { } weight)
                return weight.DataType;
            tensor = node.Input[0];
        }

        return index.Inputs.FirstOrDefault(input => input.Name == tensor) is { } given && TensorTypes.IsFloat(given.DataTypeOf()) ? given.DataTypeOf() : Float32;
    }
}
