namespace OnnxKd.StudentTrainer.Students.Layers;

/// <summary>Fully connected layers.</summary>
internal static class Linear
{
    /// <summary>
    /// x Wᵀ + b over the last axis. As exporters write it: Gemm for [N, features], MatMul and Add for sequences.
    /// </summary>
    public static Value Dense(this GraphBuilder graph, string name, Value x, int outputs, Initial initial = Initial.Uniform)
    {
        var inputs = x.Size(x.Rank - 1);
        var weight = x.Rank == 2
            ? graph.Weight($"{name}.weight", initial, inputs, outputs, inputs)
            : graph.Weight($"{name}.weight", initial, inputs, inputs, outputs);
        var bias = graph.Bias($"{name}.bias", initial, inputs, outputs);
        if (x.Rank == 2)
            return graph.Node("Gemm", name, [x.Shape[0], outputs], [x, weight, bias], NodeAttribute.Int("transB", 1));
        var product = graph.Node("MatMul", $"{name}.product", [.. x.Shape.SkipLast(1), outputs], [x, weight]);
        return graph.Binary("Add", name, bias, product);
    }

    /// <summary>A bias: drawn like the weight in the uniform scheme, zeros otherwise.</summary>
    public static Value Bias(this GraphBuilder graph, string name, Initial initial, long inputs, int outputs) =>
        initial == Initial.Uniform ? graph.Weight(name, initial, inputs, outputs) : graph.Filled(name, 0, outputs);
}
