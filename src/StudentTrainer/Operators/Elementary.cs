namespace OnnxKd.StudentTrainer.Operators;

/// <summary>Functions of one tensor, element by element.</summary>
internal static class Elementary
{
    public static Kernel Neg(NodeContext node) => x => [x[0].neg()];

    public static Kernel Abs(NodeContext node) => x => [x[0].abs()];

    public static Kernel Sign(NodeContext node) => x => [x[0].sign()];

    public static Kernel Sqrt(NodeContext node) => x => [x[0].sqrt()];

    public static Kernel Exp(NodeContext node) => x => [x[0].exp()];

    public static Kernel Log(NodeContext node) => x => [x[0].log()];

    public static Kernel Reciprocal(NodeContext node) => x => [x[0].reciprocal()];

    public static Kernel Floor(NodeContext node) => x => [x[0].floor()];

    public static Kernel Ceil(NodeContext node) => x => [x[0].ceil()];

    /// <summary>Halves go to the even neighbour.</summary>
    public static Kernel Round(NodeContext node) => x => [x[0].round()];

    public static Kernel Sin(NodeContext node) => x => [x[0].sin()];

    public static Kernel Cos(NodeContext node) => x => [x[0].cos()];

    public static Kernel Erf(NodeContext node) => x => [x[0].erf()];
}
