namespace OnnxKd.StudentTrainer.Students.Layers;

/// <summary>
/// Texts with padding in any place, for layers that take lengths: tokens that count are moved to the front, in their order, and what the layers give is moved back.
/// </summary>
internal sealed class PaddedText
{
    private readonly GraphBuilder graph;
    private readonly Value places;
    private readonly Value divisor;

    private PaddedText(GraphBuilder graph, Value padding)
    {
        this.graph = graph;
        (places, var count) = graph.Compaction("order", padding);
        // Of a text of nothing but padding the first token is read.
        divisor = graph.Node(
            "Clip", "order.divisor", count.Shape, [graph.Node("Cast", "order.count-float", count.Shape, [count], NodeAttribute.Int("to", 1)), graph.Scalar("one", 1)]);
        Lengths = graph.Node("Cast", "order.lengths", [count.Shape[0]], [graph.Reshape("order.list", divisor, -1)], NodeAttribute.Int("to", 6));
    }

    /// <summary>How many tokens of each text count, at least 1: [N], int32.</summary>
    public Value Lengths { get; }

    /// <summary>Prepares.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="padding">Where a token is padding, [N, T].</param>
    public static PaddedText Of(GraphBuilder graph, Value padding) => new(graph, padding);

    /// <summary>Numbers of tokens [N, T] with those that count first.</summary>
    public Value Compact(string name, Value tokens) =>
        graph.Node("ScatterElements", $"{name}.compact", tokens.Shape, [tokens, places, tokens], NodeAttribute.Int("axis", 1));

    /// <summary>What layers gave for such tokens, [N, T, width], back in the places of the text; 0 at padding.</summary>
    public Value Restore(string name, Value states)
    {
        var everywhere = graph.Node("Expand", $"{name}.places", states.Shape, [graph.Unsqueeze($"{name}.column", places, 2), graph.Node("Shape", $"{name}.shape", [3], [states])]);
        return graph.Node("GatherElements", name, states.Shape, [states, everywhere], NodeAttribute.Int("axis", 1));
    }

    /// <summary>The mean of what layers gave, which is 0 behind the tokens that count: [N, T, width] to [N, width].</summary>
    public Value Mean(string name, Value states) => graph.Binary(
        "Div", name, graph.Node("ReduceSum", $"{name}.sum", [states.Shape[0], states.Shape[2]], [states, graph.Integers("time", 1)], NodeAttribute.Int("keepdims", 0)), divisor);
}
