namespace OnnxKd.StudentTrainer.Students.Layers;

/// <summary>Recurrent layers that read a sequence both ways.</summary>
internal static class Recurrence
{
    private const int Directions = 2;

    /// <summary>One LSTM or GRU layer: [T, N, features] to [T, N, 2 · hidden], which is 0 behind the lengths, [N].</summary>
    /// <remarks>The GRU resets after the product with the state, as PyTorch's and cuDNN's do.</remarks>
    public static Value Bidirectional(this GraphBuilder graph, string op, string name, Value x, int hidden, Value? lengths = null)
    {
        var rows = (op == "LSTM" ? 4 : 3) * hidden;
        Value[] tensors =
        [
            x,
            graph.Weight($"{name}.input-weight", Initial.Uniform, hidden, Directions, rows, x.Size(2)),
            graph.Weight($"{name}.state-weight", Initial.Uniform, hidden, Directions, rows, hidden),
            graph.Weight($"{name}.bias", Initial.Uniform, hidden, Directions, 2 * rows),
            .. lengths is null ? Array.Empty<Value>() : [lengths],
        ];
        var direction = NodeAttribute.Text("direction", "bidirectional");
        var y = graph.Node(
            op, $"{name}.states", [x.Shape[0], Directions, x.Shape[1], hidden], tensors,
            op == "LSTM"
                ? [direction, NodeAttribute.Int("hidden_size", hidden)]
                : [direction, NodeAttribute.Int("hidden_size", hidden), NodeAttribute.Int("linear_before_reset", 1)]);
        return graph.Reshape(name, graph.Transpose($"{name}.by-sample", y, 0, 2, 1, 3), 0, 0, Directions * hidden);
    }

    /// <summary>Several layers, with dropout between them; each ends, both ways, with the lengths, [N], if there are any.</summary>
    public static Value Bidirectional(this GraphBuilder graph, string op, Value x, int hidden, int depth, double dropout, Value? lengths = null)
    {
        for (var layer = 1; layer <= depth; layer++)
        {
            if (layer > 1)
                x = graph.Dropout($"layer{layer}.dropout", x, dropout);
            x = graph.Bidirectional(op, $"layer{layer}", x, hidden, lengths);
        }
        return x;
    }
}
