using static OnnxKd.StudentTrainer.Operators.SlotRole;
using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Operators;

/// <summary>Operators that ONNX Runtime's optimiser writes in place of several of ONNX's, in its own domain.</summary>
internal static class ContribOperators
{
    /// <summary>ONNX Runtime's domain.</summary>
    public const string Domain = "com.microsoft";

    private static readonly Dictionary<string, OperatorEntry> ByName = OperatorTable.Index(
    [
        new("FusedMatMul", 1, [Weight, Weight], HalfPrecision.Widened(FusedMatMul)) { MultiplyAdds = MultiplyAdds.MatMul },
        new("FusedConv", 1, [Data, Weight, Bias, Data], HalfPrecision.Widened(FusedConv)) { UnitAxis = _ => 0, MultiplyAdds = MultiplyAdds.Conv },
        new("BiasGelu", 1, [Data, Bias], HalfPrecision.Widened(_ => x => [x[0].Add(x[1]).gelu()])),
        new("Gelu", 1, [Data], HalfPrecision.Widened(Activations.Gelu)),
        new("FastGelu", 1, [Data, Bias], HalfPrecision.Widened(_ => x => [Activations.TanhGelu(x.Optional(1) is { } bias ? x[0].Add(bias) : x[0])])),
        new("QuickGelu", 1, [Data], HalfPrecision.Widened(QuickGelu)),
        new("SkipLayerNormalization", 1, [Data, Data, Scale, Bias, Bias], HalfPrecision.Widened(SkipLayerNormalization)) { Outputs = 4 },
        new("SkipSimplifiedLayerNormalization", 1, [Data, Data, Scale, Bias], HalfPrecision.Widened(SkipRmsNormalization)) { Outputs = 4 },
        new("Attention", 1, [Data, Weight, Bias, Data], HalfPrecision.Widened(ContribAttention.Attention)) { UnitAxis = _ => 1 },
        new("MultiHeadAttention", 1, [Data, Data, Data, Bias, Data], HalfPrecision.Widened(ContribAttention.MultiHeadAttention)),
        new("EmbedLayerNormalization", 1, [Data, Data, Embedding, Embedding, Embedding, Scale, Bias, Data], HalfPrecision.Widened(ContribAttention.EmbedLayerNormalization)) { Outputs = 3 },
    ]).ToDictionary(pair => pair.Key, pair => pair.Value[0], StringComparer.Ordinal);

    /// <summary>The names of all of them.</summary>
    public static IReadOnlyCollection<string> Names => ByName.Keys;

    /// <summary>The entry of an operator; <c>null</c>: there is none.</summary>
    public static OperatorEntry? Find(string name) => ByName.GetValueOrDefault(name);

    /// <summary>alpha · A' B', with the last two axes of either exchanged.</summary>
    private static Kernel FusedMatMul(NodeContext node)
    {
        var alpha = node.Attributes.GetFloat("alpha", 1);
        var (transA, transB) = (node.Attributes.GetInt("transA", 0) != 0, node.Attributes.GetInt("transB", 0) != 0);
        if (node.Attributes.GetInt("transBatchA", 0) != 0 || node.Attributes.GetInt("transBatchB", 0) != 0)
            throw node.Unsupported("exchanges axes of the batch, which is not supported", "transBatchA or transBatchB", "export the model without ONNX Runtime's optimisations");
        return x =>
        {
            var product = MatrixProduct.Of(transA ? Exchanged(x[0]) : x[0], transB ? Exchanged(x[1]) : x[1]);
            return [alpha == 1 ? product : product.Mul(alpha)];
        };

        static Tensor Exchanged(Tensor matrix) => matrix.ndim < 2 ? matrix : matrix.transpose(-1, -2);
    }

    /// <summary>A convolution, what is added to it, and an activation.</summary>
    private static Kernel FusedConv(NodeContext node)
    {
        var convolve = Convolution.Conv(node);
        var activation = node.Attributes.GetString("activation", "");
        var parameters = node.Attributes.GetFloats("activation_params") ?? [];
        Func<Tensor, Tensor> activate = activation switch
        {
            "" => x => x,
            "Relu" => x => x.relu(),
            "Tanh" => x => x.tanh(),
            "Sigmoid" => x => x.sigmoid(),
            "LeakyRelu" => x => x.LeakyRelu(parameters.Length > 0 ? parameters[0] : 0.01),
            "Clip" when parameters.Length == 2 => x => Activations.Clip(x, parameters[0], parameters[1]),
            _ => throw node.Unsupported("has an activation that is not supported", activation, "expected: Relu, Tanh, Sigmoid, LeakyRelu or Clip"),
        };
        return x =>
        {
            var sum = convolve(x)[0];
            return [activate(x.Optional(3) is { } added ? sum.Add(added) : sum)];
        };
    }

    /// <summary>x · σ(alpha · x).</summary>
    private static Kernel QuickGelu(NodeContext node)
    {
        var alpha = node.Attributes.GetFloat("alpha", 1.702f);
        return x => [Activations.Swish(x[0], alpha)];
    }

    /// <summary>A layer normalisation of input + skip + bias, over the last axis; output 3 is that sum.</summary>
    private static Kernel SkipLayerNormalization(NodeContext node)
    {
        var epsilon = node.Attributes.GetFloat("epsilon", 1e-12f);
        var readsMore = node.IsRead(1) || node.IsRead(2) || node.IsRead(3);
        return x =>
        {
            var sum = Sum(x, bias: 4);
            var result = Normalization.LayerNorm(sum, sum.shape[^1..], x[2], x.Optional(3), epsilon);
            return readsMore ? [result, .. Normalization.Statistics(sum, 1, epsilon), sum] : [result];
        };
    }

    /// <summary>The same without a mean.</summary>
    private static Kernel SkipRmsNormalization(NodeContext node)
    {
        var epsilon = node.Attributes.GetFloat("epsilon", 1e-12f);
        return x =>
        {
            var sum = Sum(x, bias: 3);
            var factor = Normalization.RootMeanSquare(sum, 1, epsilon);
            return [sum.mul(factor).mul(x[2]), factor, factor, sum];
        };
    }

    private static Tensor Sum(StepInputs x, int bias) => x.Optional(bias) is { } added ? x[0].Add(x[1]).Add(added) : x[0].Add(x[1]);
}
