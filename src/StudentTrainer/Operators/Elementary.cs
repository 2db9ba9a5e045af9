using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Operators;

/// <summary>Functions of one tensor, element by element.</summary>
internal static class Elementary
{
    public static Kernel Neg(NodeContext node) => x => [x[0].neg()];

    public static Kernel Abs(NodeContext node) => x => [x[0].abs()];

    public static Kernel Sign(NodeContext node) => x => [x[0].sign()];

    public static Kernel Sqrt(NodeContext node) => Float(x => x.sqrt());

    public static Kernel Exp(NodeContext node) => Float(x => x.exp());

    public static Kernel Log(NodeContext node) => Float(x => x.log());

    public static Kernel Reciprocal(NodeContext node) => Float(x => x.reciprocal());

    public static Kernel Floor(NodeContext node) => Float(x => x.floor());

    public static Kernel Ceil(NodeContext node) => Float(x => x.ceil());

    /// <summary>Halves go to the even neighbour.</summary>
    public static Kernel Round(NodeContext node) => Float(x => x.round());

    public static Kernel Sin(NodeContext node) => Float(x => x.sin());

    public static Kernel Cos(NodeContext node) => Float(x => x.cos());

    public static Kernel Erf(NodeContext node) => Float(x => x.erf());

    private static Kernel Float(Func<Tensor, Tensor> function) => x => [Precision.Widened(x[0], function)];
}
