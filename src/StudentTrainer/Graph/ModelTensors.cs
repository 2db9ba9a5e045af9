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

    /// <summary>
    /// The values of one tensor, in the graph or in a branch of it, for writing: numbers in an attribute become a tensor there.
    /// </summary>
    /// <exception cref="KeyNotFoundException">There is no such tensor.</exception>
    public static TensorProto Find(GraphProto graph, string name) => TryFind(graph, name)
        ?? throw new KeyNotFoundException($"The model has no tensor '{name}'.");

    private static TensorProto? TryFind(GraphProto graph, string name) =>
        graph.Initializer.FirstOrDefault(tensor => tensor.Name == name)
        ?? graph.Node.Where(node => IsConstant(node) && node.Output[0] == name).Select(WritableValue).FirstOrDefault()
        ?? graph.Node.SelectMany(node => node.Attribute).Where(attribute => attribute.G is not null)
            .Select(attribute => TryFind(attribute.G, name)).FirstOrDefault(tensor => tensor is not null);

    /// <summary>Whether a node is a Constant that holds a tensor, numbers or a list of numbers.</summary>
    public static bool IsConstant(NodeProto node) =>
        node is { OpType: "Constant", Domain: "" or "ai.onnx" }
        && node.Attribute is [{ Name: "value" or "value_float" or "value_floats" or "value_int" or "value_ints" }];

    private static TensorProto WritableValue(NodeProto node)
    {
        if (node.Attribute[0].T is null)
            node.Attribute[0] = new() { Name = "value", Type = AttributeProto.Types.AttributeType.Tensor, T = Value(node) };
        return node.Attribute[0].T;
    }

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
