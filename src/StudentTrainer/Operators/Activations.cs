using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Operators;

/// <summary>Activations, element by element.</summary>
internal static class Activations
{
    public static Kernel Relu(NodeContext node) => x => [x[0].relu()];

    public static Kernel Sigmoid(NodeContext node) => x => [x[0].sigmoid()];

    public static Kernel Tanh(NodeContext node) => x => [x[0].tanh()];

    public static Kernel HardSwish(NodeContext node) => x => [x[0].hardswish()];

    public static Kernel Softplus(NodeContext node) => x => [x[0].softplus()];

    public static Kernel Softsign(NodeContext node) => x => [x[0].div(x[0].abs().add(1))];

    public static Kernel Mish(NodeContext node) => x => [nn.functional.mish(x[0])];

    /// <summary>There is one slope for all, or one per channel.</summary>
    public static Kernel PRelu1(NodeContext node) => x => [x[0].prelu(x[1])];

    /// <summary>max(x, 0) + slope · min(x, 0). The slope broadcasts by ONNX's rule; libtorch has one for all or per channel.</summary>
    public static Kernel PRelu7(NodeContext node) => x => [
        x[1].numel() == 1 && x[0].is_floating_point()
            ? x[0].prelu(x[1].reshape(1))
            : x[0].clamp_min(0).add(x[1].mul(x[0].clamp_max(0)))];

    public static Kernel LeakyRelu(NodeContext node)
    {
        var alpha = node.Attributes.GetFloat("alpha", 0.01f);
        return x => [x[0].leaky_relu(alpha)];
    }

    public static Kernel ThresholdedRelu(NodeContext node)
    {
        var alpha = node.Attributes.GetFloat("alpha", 1);
        return x => [x[0].threshold(alpha, 0)];
    }

    public static Kernel Elu(NodeContext node)
    {
        var alpha = node.Attributes.GetFloat("alpha", 1);
        return x => [x[0].elu(alpha)];
    }

    /// <summary>Its defaults have fewer digits.</summary>
    public static Kernel Selu1(NodeContext node) => Selu(node, 1.6732f, 1.0507f);

    public static Kernel Selu6(NodeContext node) => Selu(node, 1.67326319217681884765625f, 1.05070102214813232421875f);

    public static Kernel Celu(NodeContext node)
    {
        var alpha = node.Attributes.GetFloat("alpha", 1);
        return x => [x[0].celu(alpha)];
    }

    public static Kernel HardSigmoid(NodeContext node)
    {
        var alpha = node.Attributes.GetFloat("alpha", 0.2f);
        var beta = node.Attributes.GetFloat("beta", 0.5f);
        return x => [x[0].mul(alpha).add(beta).clamp(min: (TorchSharp.Scalar)0, max: 1)];
    }

    public static Kernel Gelu(NodeContext node)
    {
        var approximate = node.Attributes.GetString("approximate", "none");
        return approximate switch
        {
            "none" => x => [x[0].gelu()],
            "tanh" => x => [TanhGelu(x[0])],
            _ => throw node.Unsupported("has an unknown approximation", approximate, "expected: none or tanh"),
        };
    }

    /// <summary>The bounds are attributes.</summary>
    public static Kernel Clip1(NodeContext node)
    {
        var min = Bound("min");
        var max = Bound("max");
        return x => [Clip(x[0], min, max)];

        double? Bound(string name) => node.Attributes.Has(name) ? node.Attributes.GetFloat(name) : null;
    }

    /// <summary>The bounds are inputs.</summary>
    public static Kernel Clip11(NodeContext node)
    {
        var min = node.OptionalDoubles(1);
        var max = node.OptionalDoubles(2);
        return x => [Clip(x[0], min?.Invoke(x)[0], max?.Invoke(x)[0])];
    }

    private static Kernel Selu(NodeContext node, float defaultAlpha, float defaultGamma)
    {
        var alpha = node.Attributes.GetFloat("alpha", defaultAlpha);
        var gamma = node.Attributes.GetFloat("gamma", defaultGamma);
        return x => [x[0].elu(alpha, gamma, 1)];
    }

    /// <summary>Where the lower bound is above the upper one, all is the upper one. Integers stay so with integer bounds only.</summary>
    private static Tensor Clip(Tensor x, double? min, double? max)
    {
        if (min is null && max is null)
            return x.alias();
        return x.is_integral() ? x.clamp((TorchSharp.Scalar?)(long?)min, (long?)max) : x.clamp((TorchSharp.Scalar?)min, max);
    }

    /// <summary>0.5 x (1 + tanh(√(2/π) (x + 0.044715 x³))).</summary>
    private static Tensor TanhGelu(Tensor x) =>
        x.mul(0.5).mul(x.pow(3).mul(0.044715).add(x).mul(Math.Sqrt(2 / Math.PI)).tanh().add(1));
}
