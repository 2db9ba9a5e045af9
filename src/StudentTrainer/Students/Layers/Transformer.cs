namespace OnnxKd.StudentTrainer.Students.Layers;

/// <summary>Sizes of a stack of transformer blocks.</summary>
internal sealed record TransformerSizes(int Width, int Depth, int Heads, int Hidden, double Dropout);

/// <summary>Transformer blocks that normalise first (Vaswani et al. 2017; Xiong et al. 2020), written as exporters write them.</summary>
internal static class Transformer
{
    /// <summary>x + Attention(LayerNormalization(x)), then x + MLP(LayerNormalization(x)), per block; a last normalisation.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="x">[N, T, width].</param>
    /// <param name="sizes">Sizes of the blocks.</param>
    /// <param name="hidden">Which positions must not be looked at: true in what broadcasts to [N, heads, T, T].</param>
    public static Value Blocks(this GraphBuilder graph, Value x, TransformerSizes sizes, Value? hidden = null)
    {
        for (var block = 1; block <= sizes.Depth; block++)
        {
            var name = $"block{block}";
            var y = graph.Attention($"{name}.attention", graph.LayerNormalization($"{name}.norm1", x), sizes.Heads, hidden);
            x = graph.Add($"{name}.sum1", x, graph.Dropout($"{name}.attention.dropout", y, sizes.Dropout));
            y = graph.Dense($"{name}.mlp.hidden", graph.LayerNormalization($"{name}.norm2", x), sizes.Hidden, Initial.TruncatedNormal);
            y = graph.Dense($"{name}.mlp.output", graph.Gelu($"{name}.mlp.gelu", y), sizes.Width, Initial.TruncatedNormal);
            x = graph.Named(name, graph.Add($"{name}.sum2", x, graph.Dropout($"{name}.mlp.dropout", y, sizes.Dropout)));
        }
        return graph.LayerNormalization("norm", x);
    }

    private static Value Attention(this GraphBuilder graph, string name, Value x, int heads, Value? hidden)
    {
        var width = x.Size(2);
        var parts = graph.Split($"{name}.parts", graph.Dense($"{name}.qkv", x, 3 * width, Initial.TruncatedNormal), 3);
        var queries = Heads("queries", parts[0], 0, 2, 1, 3);
        var keys = Heads("keys", parts[1], 0, 2, 3, 1);
        var values = Heads("values", parts[2], 0, 2, 1, 3);
        var scores = graph.Node("MatMul", $"{name}.products", [.. queries.Shape.Take(3), x.Shape[1]], [queries, keys]);
        scores = graph.Binary("Div", $"{name}.scores", scores, graph.Scalar("sqrt-head", MathF.Sqrt(width / heads)));
        // Not −∞: a row of nothing but padding would become NaN.
        if (hidden is not null)
            scores = graph.Node("Where", $"{name}.masked", scores.Shape, [hidden, graph.Scalar("lowest", float.MinValue), scores]);
        var shares = graph.Node("Softmax", $"{name}.shares", scores.Shape, [scores], NodeAttribute.Int("axis", -1));
        var mixed = graph.Node("MatMul", $"{name}.mixed", queries.Shape, [shares, values]);
        mixed = graph.Reshape($"{name}.joined", graph.Transpose($"{name}.together", mixed, 0, 2, 1, 3), 0, 0, width);
        return graph.Dense(name, mixed, width, Initial.TruncatedNormal);

        Value Heads(string part, Value value, params int[] order) =>
            graph.Transpose($"{name}.{part}", graph.Reshape($"{name}.{part}.heads", value, 0, 0, heads, width / heads), order);
    }

    private static Value LayerNormalization(this GraphBuilder graph, string name, Value x)
    {
        var width = x.Size(x.Rank - 1);
        return graph.Node(
            "LayerNormalization", name, x.Shape, [x, graph.Filled($"{name}.scale", 1, width), graph.Filled($"{name}.bias", 0, width)],
            NodeAttribute.Int("axis", -1), NodeAttribute.Float("epsilon", 1e-5f));
    }
}
