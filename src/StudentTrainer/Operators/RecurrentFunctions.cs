using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Operators;

/// <summary>The activation functions of recurrent layers, as their attributes name them.</summary>
internal static class RecurrentFunctions
{
    /// <summary>How many functions of a cell take sums.</summary>
    private const int OfSums = 2;

    private static readonly Dictionary<string, Definition> Known = new(StringComparer.OrdinalIgnoreCase)
    {
        ["Relu"] = new([], (x, _) => x.relu()),
        ["Tanh"] = new([], (x, _) => x.tanh()),
        ["Sigmoid"] = new([], (x, _) => x.sigmoid()),
        ["Softsign"] = new([], (x, _) => x.div(x.abs().Add(1))),
        ["Softplus"] = new([], (x, _) => Activations.Softplus(x)),
        ["LeakyRelu"] = new([0.01f], (x, p) => x.LeakyRelu(p[0])),
        ["ThresholdedRelu"] = new([1], (x, p) => x.Threshold(p[0], 0)),
        ["Elu"] = new([1], (x, p) => x.Elu(p[0])),
        ["Affine"] = new([1, 0], (x, p) => x.Mul(p[0]).Add(p[1])),
        ["ScaledTanh"] = new([1, 1], (x, p) => x.Mul(p[1]).tanh().Mul(p[0])),
        ["HardSigmoid"] = new([0.2f, 0.5f], (x, p) => x.Mul(p[0]).Add(p[1]).Clamp(0, 1)),
    };

    /// <summary>
    /// The functions of all cells, one after the other. Where the node has <c>clip</c>, the sums that go into the gates and the candidate
    /// are kept within it; what an LSTM's last function takes, the cell, is not (so does ONNX Runtime).
    /// </summary>
    /// <param name="node">The node.</param>
    /// <param name="defaults">The functions of one cell, if the node names none.</param>
    /// <param name="cells">The number of cells.</param>
    public static Func<Tensor, Tensor>[] Read(NodeContext node, string[] defaults, int cells)
    {
        var names = node.Attributes.GetStrings("activations") ?? [.. Enumerable.Repeat(defaults, cells).SelectMany(list => list)];
        if (names.Length != defaults.Length * cells)
            throw node.Unsupported(
                $"needs {defaults.Length * cells} activations here", $"{names.Length}: {string.Join(", ", names)}");
        var alphas = new Queue<float>(node.Attributes.GetFloats("activation_alpha") ?? []);
        var betas = new Queue<float>(node.Attributes.GetFloats("activation_beta") ?? []);
        var clip = node.Attributes.GetFloat("clip", float.PositiveInfinity);
        return [.. names.Select((name, i) =>
            Clipped(Create(node, name, alphas, betas), i % defaults.Length < OfSums ? clip : float.PositiveInfinity))];
    }

    /// <summary>A function takes the next alpha and the next beta, if it has such parameters and any are left.</summary>
    private static Func<Tensor, Tensor> Create(NodeContext node, string name, params Queue<float>[] given)
    {
        if (!Known.TryGetValue(name, out var definition))
            throw node.Unsupported("has an unknown activation", name, $"expected one of {string.Join(", ", Known.Keys)}");
        var parameters = definition.Defaults.Select((value, i) => given[i].TryDequeue(out var next) ? next : value).ToArray();
        return x => definition.Function(x, parameters);
    }

    private static Func<Tensor, Tensor> Clipped(Func<Tensor, Tensor> function, float clip) =>
        float.IsPositiveInfinity(clip) ? function : x => function(x.Clamp(-clip, clip));

    /// <param name="Defaults">Alpha, and beta; as many as the function has.</param>
    /// <param name="Function">The function.</param>
    private sealed record Definition(float[] Defaults, Func<Tensor, float[], Tensor> Function);
}
