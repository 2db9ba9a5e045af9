using Onnx;
using OnnxKd.Core.Onnx;

namespace OnnxKd.StudentTrainer.Graph;

/// <summary>
/// The tensors whose values a model file holds: initializers and tensors in Constant nodes (where some exporters keep weights).
/// </summary>
internal static class ModelTensors
{
    /// <summary>By name; the very messages of the model, so that writing to them writes to the model.</summary>
    public static Dictionary<string, TensorProto> Of(GraphProto graph)
    {
        var tensors = graph.Initializer.ToDictionary(tensor => tensor.Name, StringComparer.Ordinal);
        foreach (var node in graph.Node.Where(IsConstant))
            tensors[node.Output[0]] = Value(node);
        return tensors;
    }

    /// <summary>Whether a node is a Constant that holds a tensor, numbers or a list of numbers.</summary>
    public static bool IsConstant(NodeProto node) =>
        node is { OpType: "Constant", Domain: "" or "ai.onnx" }
        && node.Attribute is [{ Name: "value" or "value_float" or "value_floats" or "value_int" or "value_ints" }];

    private static TensorProto Value(NodeProto node)
    {
        var attribute = node.Attribute[0];
        return attribute.Name switch
        {
            "value" => attribute.T,
            "value_float" => TensorData.Create(node.Output[0], [attribute.F]),
            "value_floats" => TensorData.Create(node.Output[0], attribute.Floats.ToArray(), attribute.Floats.Count),
            "value_int" => TensorData.Create(node.Output[0], [attribute.I]),
            _ => TensorData.Create(node.Output[0], attribute.Ints.ToArray(), attribute.Ints.Count),
        };
    }
}
