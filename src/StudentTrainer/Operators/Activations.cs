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

    public static Kernel Mish(NodeContext node) => x => [x[0].mul(x[0].softplus().tanh())];

    /// <summary>max(x, 0) + slope · min(x, 0); the slope broadcasts as ONNX says, not along channels as libtorch would have it.</summary>
    public static Kernel PRelu(NodeContext node) => x => [x[0].clamp_min(0).add(x[1].mul(x[0].clamp_max(0)))];

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

    public static Kernel Selu(NodeContext node)
    {
        var alpha = node.Attributes.GetFloat("alpha", 1.67326319217681884765625f);
        var gamma = node.Attributes.GetFloat("gamma", 1.05070102214813232421875f);
        return x => [x[0].elu(alpha, gamma, 1)];
    }

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

    public static Kernel Clip6(NodeContext node) =>
        Clip(node.Attributes.GetFloat("min", float.MinValue), node.Attributes.GetFloat("max", float.MaxValue));

    public static Kernel Clip11(NodeContext node) => Clip(node.Scalar(1, float.MinValue), node.Scalar(2, float.MaxValue));

    private static Kernel Clip(float min, float max) => x => [x[0].clamp_min(min).clamp_max(max)];

    /// <summary>0.5 x (1 + tanh(√(2/π) (x + 0.044715 x³))).</summary>
    private static Tensor TanhGelu(Tensor x) =>
        x.mul(0.5).mul(x.pow(3).mul(0.044715).add(x).mul(Math.Sqrt(2 / Math.PI)).tanh().add(1));
}
