using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Operators;

/// <summary>Arithmetic, element by element, with broadcasting.</summary>
internal static class Arithmetic
{
    public static Kernel Add(NodeContext node) => x => [x[0].add(x[1])];

    public static Kernel Sub(NodeContext node) => x => [x[0].sub(x[1])];

    public static Kernel Mul(NodeContext node) => x => [x[0].mul(x[1])];

    /// <summary>Integers are divided as in C: towards zero.</summary>
    public static Kernel Div(NodeContext node) =>
        x => [x[0].div(x[1], x[0].is_integral() ? RoundingMode.trunc : RoundingMode.None)];

    /// <summary>The result has the type of the base.</summary>
    public static Kernel Pow(NodeContext node) => x => [x[0].pow(x[1]).to(x[0].dtype)];

    public static Kernel Neg(NodeContext node) => x => [x[0].neg()];

    public static Kernel Abs(NodeContext node) => x => [x[0].abs()];

    public static Kernel Sqrt(NodeContext node) => x => [x[0].sqrt()];

    public static Kernel Exp(NodeContext node) => x => [x[0].exp()];

    public static Kernel Log(NodeContext node) => x => [x[0].log()];

    public static Kernel Erf(NodeContext node) => x => [x[0].erf()];

    public static Kernel Reciprocal(NodeContext node) => x => [x[0].reciprocal()];
}
