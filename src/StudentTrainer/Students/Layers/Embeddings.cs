using OnnxKd.Core.Onnx;

namespace OnnxKd.StudentTrainer.Students.Layers;

/// <summary>What token ids become, and where they stand.</summary>
internal static class Embeddings
{
    /// <summary>A learned vector per token: [N, T] to [N, T, width].</summary>
    public static Value Embedding(this GraphBuilder graph, string name, Value ids, int vocabulary, int width) =>
        graph.Gather(name, graph.Weight($"{name}.weight", Initial.TruncatedNormal, vocabulary, vocabulary, width), ids);

    /// <summary>A learned vector for tokens of the second kind, 1; those of the first, 0, get none: what matters is the difference.</summary>
    public static Value Kinds(this GraphBuilder graph, string name, Value kinds, int width)
    {
        var marks = graph.Node("Cast", $"{name}.marks", kinds.Shape, [kinds], NodeAttribute.Int("to", 1));
        return graph.Node(
            "MatMul", name, [.. kinds.Shape, width], [graph.Unsqueeze($"{name}.column", marks, 2), graph.Weight($"{name}.weight", Initial.TruncatedNormal, 1, 1, width)]);
    }

    /// <summary>Adds a learned vector per position to [N, T, width], T up to <paramref name="longest"/>.</summary>
    public static Value Positions(this GraphBuilder graph, string name, Value x, int longest)
    {
        var positions = graph.Weight($"{name}.weight", Initial.TruncatedNormal, longest, 1, longest, x.Size(2));
        if (x.Shape[1].IsDynamic)
            positions = graph.First($"{name}.used", positions, graph.Length($"{name}.length", x, 1), 1);
        return graph.Add(name, x, positions);
    }

    /// <summary>Where a token is padding: true in [N, T].</summary>
    public static Value? Padding(this GraphBuilder graph, Value ids, int? padding) => padding is { } id
        ? graph.Binary("Equal", "padding", ids, graph.Integer("padding.id", id))
        : null;

    /// <summary>The mean over time of [N, T, width], without the tokens that are padding.</summary>
    public static Value MeanOverTime(this GraphBuilder graph, string name, Value x, Value? padding)
    {
        if (padding is null)
            return graph.Mean(name, x, 1);
        var kept = graph.Node(
            "Cast", $"{name}.kept", padding.Shape, [graph.Unary("Not", $"{name}.used", padding)], NodeAttribute.Int("to", 1));
        kept = graph.Unsqueeze($"{name}.weights", kept, 2);
        var sum = graph.SumOverTime($"{name}.sum", graph.Binary("Mul", $"{name}.weighted", x, kept));
        var count = graph.SumOverTime($"{name}.count", kept);
        count = graph.Node("Clip", $"{name}.divisor", count.Shape, [count, graph.Scalar("one", 1)]);
        return graph.Binary("Div", name, sum, count);
    }

    private static Value SumOverTime(this GraphBuilder graph, string name, Value x) => graph.Node(
        "ReduceSum", name, [x.Shape[0], x.Shape[2]], [x, graph.Integers("time", 1)], NodeAttribute.Int("keepdims", 0));
}
