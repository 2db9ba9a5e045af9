using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Operators;

/// <summary>Activations, element by element.</summary>
internal static class Activations
{
    public static Kernel Relu(NodeContext node) => x => [x[0].relu()];

    public static Kernel Sigmoid(NodeContext node) => x => [x[0].sigmoid()];

    public static Kernel Tanh(NodeContext node) => x => [x[0].tanh()];

    public static Kernel HardSwish(NodeContext node) => x => [x[0].hardswish()];

    public static Kernel Softplus(NodeContext node) => x => [Softplus(x[0])];

    public static Kernel Softsign(NodeContext node) => x => [x[0].div(x[0].abs().Add(1))];

    public static Kernel Mish(NodeContext node) => x => [x[0].mul(Softplus(x[0]).tanh())];

    /// <summary>log(1 + eˣ). TorchSharp's own makes numbers that nothing keeps alive.</summary>
    public static Tensor Softplus(Tensor x) => x.neg().log_sigmoid().neg();

    /// <summary>There is one slope for all, or one per channel.</summary>
    public static Kernel PRelu1(NodeContext node) => x => [x[0].prelu(x[1])];

    /// <summary>max(x, 0) + slope · min(x, 0). The slope broadcasts by ONNX's rule; libtorch has one for all or per channel.</summary>
    public static Kernel PRelu7(NodeContext node) => x => [
        x[1].numel() == 1 && x[0].is_floating_point()
            ? x[0].prelu(x[1].reshape(1))
            : x[0].ClampMin(0).Add(x[1].mul(x[0].ClampMax(0)))];

    public static Kernel LeakyRelu(NodeContext node)
    {
        var alpha = node.Attributes.GetFloat("alpha", 0.01f);
        return x => [x[0].LeakyRelu(alpha)];
    }

    public static Kernel ThresholdedRelu(NodeContext node)
    {
        var alpha = node.Attributes.GetFloat("alpha", 1);
        return x => [x[0].Threshold(alpha, 0)];
    }

    public static Kernel Elu(NodeContext node)
    {
        var alpha = node.Attributes.GetFloat("alpha", 1);
        return x => [x[0].Elu(alpha)];
    }

    /// <summary>Its defaults have fewer digits.</summary>
    public static Kernel Selu1(NodeContext node) => Selu(node, 1.6732f, 1.0507f);

    public static Kernel Selu6(NodeContext node) => Selu(node, 1.67326319217681884765625f, 1.05070102214813232421875f);

    public static Kernel Celu(NodeContext node)
    {
        var alpha = node.Attributes.GetFloat("alpha", 1);
        return x => [x[0].Celu(alpha)];
    }

    /// <summary>libtorch has the slope of mobile networks alone, whose gradient takes a seventh of that of the plain form's time.</summary>
    public static Kernel HardSigmoid(NodeContext node)
    {
        var alpha = node.Attributes.GetFloat("alpha", 0.2f);
        var beta = node.Attributes.GetFloat("beta", 0.5f);
        return Math.Abs(alpha - 1 / 6.0) < 1e-6 && beta == 0.5f
            ? x => [x[0].hardsigmoid()]
            : x => [x[0].Mul(alpha).Add(beta).Clamp(0, 1)];
    }

    public static Kernel Swish(NodeContext node)
    {
        var alpha = node.Attributes.GetFloat("alpha", 1);
        return x => [Swish(x[0], alpha)];
    }

    /// <summary>x σ(α x).</summary>
    public static Tensor Swish(Tensor x, double alpha) => alpha == 1 ? x.silu() : x.mul(x.Mul(alpha).sigmoid());

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
        return x => [x[0].Elu(alpha, gamma)];
    }

    /// <summary>Where the lower bound is above the upper one, all is the upper one. Integers stay so with integer bounds only.</summary>
    public static Tensor Clip(Tensor x, double? min, double? max)
    {
        if (min is null && max is null)
            return x.alias();
        if (x.is_integral())
            return x.Clamp((long?)min, (long?)max);
        // The gradient of a clamp takes ten times as long as those of the two that libtorch has a kernel for.
        return (min, max) switch
        {
            (0, 6) => x.relu6(),
            (0, null) => x.relu(),
            _ => x.Clamp(min, max),
        };
    }

    /// <summary>0.5 x (1 + tanh(√(2/π) (x + 0.044715 x³))).</summary>
    public static Tensor TanhGelu(Tensor x) => x.gelu(TorchSharp.Modules.GELU.Approximate.tanh);
}
