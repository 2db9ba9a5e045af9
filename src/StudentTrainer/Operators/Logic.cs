using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Operators;

/// <summary>Comparisons, truth values, and choosing by them.</summary>
internal static class Logic
{
    public static Kernel Equal(NodeContext node) => x => [x[0].eq(x[1])];

    public static Kernel Greater(NodeContext node) => x => [x[0].gt(x[1])];

    public static Kernel GreaterOrEqual(NodeContext node) => x => [x[0].ge(x[1])];

    public static Kernel Less(NodeContext node) => x => [x[0].lt(x[1])];

    public static Kernel LessOrEqual(NodeContext node) => x => [x[0].le(x[1])];

    public static Kernel And(NodeContext node) => x => [x[0].logical_and(x[1])];

    public static Kernel Or(NodeContext node) => x => [x[0].logical_or(x[1])];

    public static Kernel Xor(NodeContext node) => x => [x[0].logical_xor(x[1])];

    public static Kernel Not(NodeContext node) => x => [x[0].logical_not()];

    public static Kernel Where(NodeContext node) => x => [where(x[0], x[1], x[2])];

    public static Kernel IsNaN(NodeContext node) => x => [x[0].isnan()];

    public static Kernel IsInf(NodeContext node)
    {
        var negative = node.Attributes.GetInt("detect_negative", 1) != 0;
        var positive = node.Attributes.GetInt("detect_positive", 1) != 0;
        return (negative, positive) switch
        {
            (true, true) => x => [x[0].isinf()],
            (true, false) => x => [x[0].Eq(float.NegativeInfinity)],
            (false, true) => x => [x[0].Eq(float.PositiveInfinity)],
            (false, false) => x => [zeros_like(x[0], ScalarType.Bool)],
        };
    }
}
