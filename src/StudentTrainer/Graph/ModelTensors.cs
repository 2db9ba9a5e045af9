using System.Runtime.InteropServices;
using Onnx;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Tensors;

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

    /// <summary>The values of one tensor, in the graph or in a branch of it, for reading.</summary>
    /// <exception cref="KeyNotFoundException">There is no such tensor.</exception>
    public static TensorProto Find(GraphProto graph, string name) =>
        FindInitializer(graph, name) ?? Value(FindConstant(graph, name));

    /// <summary>Replaces the type and the values of one tensor, in the graph or in a branch of it, where they are.</summary>
    /// <exception cref="KeyNotFoundException">There is no such tensor.</exception>
    public static void Write(GraphProto graph, string name, ElementType type, ReadOnlySpan<byte> bytes)
    {
        if (FindInitializer(graph, name) is { } initializer)
        {
            initializer.Set(type, bytes);
            return;
        }
        var attribute = FindConstant(graph, name).Attribute[0];
        switch (attribute.Name)
        {
            case "value_float":
                attribute.F = MemoryMarshal.Read<float>(bytes);
                break;
            case "value_floats":
                attribute.Floats.Clear();
                attribute.Floats.AddRange(MemoryMarshal.Cast<byte, float>(bytes).ToArray());
                break;
            default:
                attribute.T.Set(type, bytes);
                break;
        }
    }

    /// <summary>A graph and, whatever the depth, the branches in it.</summary>
    public static IEnumerable<GraphProto> WithBranches(GraphProto graph) =>
        graph.Node.SelectMany(node => node.Attribute).Where(attribute => attribute.G is not null)
            .SelectMany(attribute => WithBranches(attribute.G)).Prepend(graph);

    /// <summary>Whether a node is a Constant that holds a tensor, numbers or a list of numbers.</summary>
    public static bool IsConstant(NodeProto node) =>
        node is { OpType: "Constant", Domain: "" or "ai.onnx" }
        && node.Attribute is [{ Name: "value" or "value_float" or "value_floats" or "value_int" or "value_ints" }];

    private static TensorProto? FindInitializer(GraphProto graph, string name) =>
        WithBranches(graph).SelectMany(part => part.Initializer).FirstOrDefault(tensor => tensor.Name == name);

    private static NodeProto FindConstant(GraphProto graph, string name) =>
        WithBranches(graph).SelectMany(part => part.Node).FirstOrDefault(node => IsConstant(node) && node.Output[0] == name)
        ?? throw new KeyNotFoundException($"The model has no tensor '{name}'.");

    private static TensorProto Value(NodeProto node)
    {
        var attribute = node.Attribute[0];
        return attribute.Name switch
        {
            "value" => attribute.T ?? throw new UnsupportedModelException(
                "A constant holds no tensor.", $"node '{node.Name}' (Constant)", $"{attribute.Type}", "a tensor", "export the model again"),
            "value_float" => TensorData.Create(node.Output[0], [attribute.F]),
            "value_floats" => TensorData.Create(node.Output[0], attribute.Floats.ToArray(), attribute.Floats.Count),
            "value_int" => TensorData.Create(node.Output[0], [attribute.I]),
            _ => TensorData.Create(node.Output[0], attribute.Ints.ToArray(), attribute.Ints.Count),
        };
    }
}
