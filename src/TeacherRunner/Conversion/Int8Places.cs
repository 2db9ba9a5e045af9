using Onnx;
using OnnxKd.Core.Onnx;

namespace OnnxKd.TeacherRunner.Conversion;

/// <summary>A node whose weights become int8.</summary>
/// <param name="Node">The node: input 0 is rounded, input 1 the weights, input 2 the biases if there are any.</param>
/// <param name="ChannelAxis">The axis of the weights that is the node's outputs: each has a scale of its own.</param>
internal sealed record WeightedNode(NodeProto Node, int ChannelAxis);

/// <summary>
/// Where a float model is rounded to 8 bits. Convolutions and products with weights take rounded inputs; what convolutions give is rounded too, behind their
/// activation; and so is what only rounded tensors make: sums, joins and pools, so that a convolutional network stays in integers from its first layer to its last.
/// </summary>
internal sealed class Int8Places
{
    private static readonly HashSet<string> Activations = ["Relu", "Clip"];
    private static readonly HashSet<string> Joins = ["Add", "Concat", "MaxPool", "AveragePool", "GlobalAveragePool"];
    private static readonly HashSet<string> Moves = ["MaxPool", "Reshape", "Flatten", "Transpose", "Squeeze", "Unsqueeze"];

    private readonly Dictionary<string, TensorProto> weights;
    private readonly ILookup<string, NodeProto> readers;
    private readonly HashSet<string> outputs;
    private readonly Dictionary<string, NodeProto> makers;
    private readonly Dictionary<NodeProto, WeightedNode> weighted = new(ReferenceEqualityComparer.Instance);
    private readonly HashSet<string> rounded = [];
    private readonly HashSet<string> everywhere = [];

    private Int8Places(GraphProto graph)
    {
        weights = graph.Initializer.ToDictionary(tensor => tensor.Name, StringComparer.Ordinal);
        readers = graph.Node.SelectMany(node => node.Input.Distinct().Select(input => (input, node))).ToLookup(pair => pair.input, pair => pair.node, StringComparer.Ordinal);
        outputs = [.. graph.Output.Select(output => output.Name)];
        makers = graph.Node.SelectMany(node => node.Output.Select(output => (output, node))).Where(pair => pair.output.Length > 0)
            .ToDictionary(pair => pair.output, pair => pair.node, StringComparer.Ordinal);
        foreach (var node in graph.Node.Select(Find).OfType<WeightedNode>())
        {
            weighted.Add(node.Node, node);
            rounded.Add(node.Node.Input[0]);
            if (node.Node.OpType == "Conv")
                RoundEverywhere(Result(node.Node));
        }
        foreach (var node in graph.Node.Where(node => Joins.Contains(node.OpType) && node.Input.All(everywhere.Contains)))
            RoundEverywhere(Result(node));
    }

    /// <summary>How many nodes have weights that become int8.</summary>
    public int Count => weighted.Count;

    /// <summary>The tensors of which a scale is needed.</summary>
    public IReadOnlyList<string> Scaled => [.. rounded.Select(ScaledAs).Distinct()];

    /// <summary>Looks at a graph, whose nodes are in order.</summary>
    public static Int8Places Of(GraphProto graph) => new(graph);

    /// <summary>A node as one with weights; <c>null</c>: it is none.</summary>
    public WeightedNode? WeightedAt(NodeProto node) => weighted.GetValueOrDefault(node);

    /// <summary>Whether a tensor is rounded.</summary>
    public bool IsRounded(string tensor) => rounded.Contains(tensor);

    /// <summary>Whether a node reads a tensor's rounded values: of what convolutions give every one does, else the convolutions and products do.</summary>
    public bool ReadsRounded(NodeProto node, int place) =>
        everywhere.Contains(node.Input[place]) || place == 0 && weighted.ContainsKey(node);

    /// <summary>The tensor whose scale a rounded tensor has: what only moves values keeps their codes.</summary>
    public string ScaledAs(string tensor)
    {
        while (makers.GetValueOrDefault(tensor) is { } maker && Moves.Contains(maker.OpType) && rounded.Contains(maker.Input[0]))
            tensor = maker.Input[0];
        return tensor;
    }

    private WeightedNode? Find(NodeProto node) => node.Domain is not ("" or "ai.onnx") || node.Input.Count < 2 || weights.ContainsKey(node.Input[0])
        || !weights.TryGetValue(node.Input[1], out var weight) || weight.DataType != (int)TensorProto.Types.DataType.Float
        ? null
        : (node.OpType, weight.Dims.Count) switch
        {
            ("Conv", >= 3) => new(node, 0),
            ("MatMul", 2) => new(node, 1),
            ("Gemm", 2) when new Attributes(node) is var gemm && gemm.GetInt("transA", 0) == 0 && gemm.GetFloat("alpha", 1) == 1 && gemm.GetFloat("beta", 1) == 1
                => new(node, gemm.GetInt("transB", 0) != 0 ? 0 : 1),
            _ => null,
        };

    /// <summary>What a node gives, behind the activation that alone reads it.</summary>
    private string Result(NodeProto node) =>
        readers[node.Output[0]].ToArray() is [var reader] && Activations.Contains(reader.OpType) && !outputs.Contains(node.Output[0]) ? reader.Output[0] : node.Output[0];

    private void RoundEverywhere(string tensor)
    {
        if (outputs.Contains(tensor))
            return;
        rounded.Add(tensor);
        everywhere.Add(tensor);
    }
}
