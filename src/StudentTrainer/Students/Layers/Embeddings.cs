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

    /// <summary>The first token of [N, T, width] that is not padding.</summary>
    public static Value FirstOverTime(this GraphBuilder graph, string name, Value x, Value? padding)
    {
        if (padding is null)
            return graph.Pick(name, x, 1);
        var (places, _) = graph.Compaction(name, padding);
        var isFirst = graph.Binary("And", $"{name}.is", graph.Binary("Equal", $"{name}.at-start", places, graph.Integer("start", 0)), graph.Unary("Not", $"{name}.counts", padding));
        var marks = graph.Node("Cast", $"{name}.marks", isFirst.Shape, [isFirst], NodeAttribute.Int("to", 1));
        return graph.SumOverTime(name, graph.Binary("Mul", $"{name}.marked", x, graph.Unsqueeze($"{name}.column", marks, 2)));
    }

    /// <summary>Where each token would stand if those that count came first, in their order, and the padding behind them.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="name">What the nodes are called after.</param>
    /// <param name="padding">Where a token is padding, [N, T].</param>
    /// <returns>The places, from 0 on, [N, T], and how many tokens count, [N, 1]; both int64.</returns>
    public static (Value Places, Value Count) Compaction(this GraphBuilder graph, string name, Value padding)
    {
        var axis = graph.Integer("time-axis", 1);
        var kept = Integers($"{name}.kept", graph.Unary("Not", $"{name}.keeps", padding));
        var count = graph.Node("ReduceSum", $"{name}.count", [padding.Shape[0], 1], [kept, graph.Integers("time", 1)], NodeAttribute.Int("keepdims", 1));
        var before = graph.Node("CumSum", $"{name}.before", padding.Shape, [kept, axis]);
        var behind = graph.Node("CumSum", $"{name}.padding", padding.Shape, [Integers($"{name}.dropped", padding), axis]);
        var from1 = graph.Node("Where", $"{name}.from-1", padding.Shape, [padding, graph.Binary("Add", $"{name}.behind", behind, count), before]);
        return (graph.Binary("Sub", $"{name}.places", from1, graph.Integer("one-place", 1)), count);

        Value Integers(string part, Value marks) => graph.Node("Cast", part, marks.Shape, [marks], NodeAttribute.Int("to", 7));
    }

    private static Value SumOverTime(this GraphBuilder graph, string name, Value x) => graph.Node(
        "ReduceSum", name, [x.Shape[0], x.Shape[2]], [x, graph.Integers("time", 1)], NodeAttribute.Int("keepdims", 0));
}
