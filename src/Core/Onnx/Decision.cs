using Onnx;

namespace OnnxKd.Core.Onnx;

/// <summary>An output that only says which class is the likeliest, and the scores that it is chosen by.</summary>
/// <param name="Output">The output.</param>
/// <param name="Scores">The tensor of the scores.</param>
internal sealed record Decision(string Output, string Scores)
{
    private const string ClassifierDomain = "ai.onnx.ml";

    // From the place of the highest score to what is said of it: the class's number or name, in some type and shape.
    private static readonly HashSet<string> Naming =
        ["Cast", "Identity", "Reshape", "Squeeze", "Unsqueeze", "Flatten", "Gather", "ArrayFeatureExtractor", "LabelEncoder"];

    private static readonly HashSet<string> Classifiers = ["TreeEnsembleClassifier", "LinearClassifier", "SVMClassifier"];

    /// <summary>Whether the output is the highest scores, and not what they belong to.</summary>
    public bool IsOfValues { get; private init; }

    /// <summary>Whether the scores are one column, compared with a threshold.</summary>
    public bool IsOfOneColumn { get; private init; }

    /// <summary>The decisions of a graph, in the order of its outputs.</summary>
    public static IReadOnlyList<Decision> AllOf(GraphProto graph)
    {
        var index = new GraphIndex(graph);
        return [.. graph.Output.Select(output => Of(index, output.Name)).OfType<Decision>()];
    }

    private static Decision? Of(GraphIndex index, string output)
    {
        var tensor = output;
        while (index.Producer(tensor) is { } node)
        {
            if (node.OpType is "ArgMax" or "TopK")
                return new(output, node.Input[0]) { IsOfValues = node.OpType == "TopK" && node.Output[0] == tensor };
            if (node.Domain == ClassifierDomain && Classifiers.Contains(node.OpType))
                return node.Output is [var label, { Length: > 0 } scores] && label == tensor ? new(output, scores) : null;
            if (node.OpType is "Greater" or "GreaterOrEqual")
                return OfThreshold(index, node) is { } column ? new(output, column) { IsOfOneColumn = true } : null;
            if (!Naming.Contains(node.OpType) || node.Input.FirstOrDefault(input => index.Producer(input) is { OpType: not "Constant" }) is not { } next)
                return null;
            tensor = next;
        }

        return null;
    }

    /// <summary>What is compared with 0.5 behind a Sigmoid, or with 0 before one.</summary>
    private static string? OfThreshold(GraphIndex index, NodeProto node)
    {
        var held = index.Initializers.GetValueOrDefault(node.Input[1]) ?? index.Producer(node.Input[1])?.Attribute.FirstOrDefault(attribute => attribute.Name == "value")?.T;
        if (held is null || held.ElementCount() != 1 || !TensorTypes.IsFloat(held.DataType))
            return null;
        var threshold = held.ToFloats()[0];
        var isSigmoid = index.Producer(node.Input[0])?.OpType == "Sigmoid";
        return (threshold == 0.5f && isSigmoid) || (threshold == 0 && !isSigmoid) ? node.Input[0] : null;
    }
}
