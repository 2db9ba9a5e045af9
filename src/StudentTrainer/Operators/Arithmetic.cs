using Onnx;
using OnnxKd.Core.Onnx;
using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Operators;

/// <summary>Arithmetic of two tensors, element by element, with broadcasting.</summary>
internal static class Arithmetic
{
    public static Kernel Add(NodeContext node) => x => [x[0].Add(x[1])];

    public static Kernel Sub(NodeContext node) => x => [x[0].sub(x[1])];

    public static Kernel Mul(NodeContext node) => x => [x[0].mul(x[1])];

    /// <summary>Integers are divided as in C: towards zero.</summary>
    public static Kernel Div(NodeContext node) => x => [x[0].div(x[1], x[0].is_integral() ? RoundingMode.trunc : RoundingMode.None)];

    /// <summary>The result has the type of the base; a number that the file holds is faster than a tensor: squares are products.</summary>
    public static Kernel Pow(NodeContext node)
    {
        if (FixedExponent(node) is not { } exponent)
            return x => [Pow(x[0], x[1])];
        var rank = node.RankOf(1);
        return x => [x[0].is_floating_point() && x[0].ndim >= rank ? x[0].Pow(exponent) : Pow(x[0], x[1])];
    }

    /// <summary>The remainder has the sign of the divisor, or with <c>fmod</c> that of the dividend; floats have the latter only.</summary>
    public static Kernel Mod(NodeContext node)
    {
        if (node.Attributes.GetInt("fmod", 0) != 0)
            return x => [x[0].fmod(x[1])];
        return x => [x[0].is_integral()
            ? x[0].remainder(x[1])
            : throw node.Unsupported("needs fmod = 1 with floats", $"fmod = 0, {x[0].dtype}", "export the model with fmod = 1")];
    }

    private static float? FixedExponent(NodeContext node) =>
        node.RankOf(1) is <= 1 && node.Constant(1) is { } exponent
        && exponent.ElementCount() == 1 && exponent.DataType != (int)TensorProto.Types.DataType.Double
            ? exponent.ToFloats()[0]
            : null;

    private static Tensor Pow(Tensor x, Tensor exponent) =>
        x.is_integral() && exponent.is_floating_point()
            ? x.to(float64).pow(exponent.to(float64)).to(x.dtype)
            : x.pow(exponent).to(x.dtype);
}
