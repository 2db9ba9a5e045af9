using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Operators;

/// <summary>Where the largest or smallest elements are along an axis.</summary>
internal static class Ranking
{
    public static Kernel ArgMax(NodeContext node) => Arg(node, static (x, axis, keep) => x.argmax(axis, keep));

    public static Kernel ArgMin(NodeContext node) => Arg(node, static (x, axis, keep) => x.argmin(axis, keep));

    public static Kernel TopK1(NodeContext node)
    {
        var k = node.Attributes.GetInt("k");
        return TopK(node, _ => k);
    }

    public static Kernel TopK10(NodeContext node)
    {
        var k = node.Longs(1);
        return TopK(node, x => k(x)[0]);
    }

    /// <summary>Of equal elements the first counts, or the last with <c>select_last_index</c>.</summary>
    private static Kernel Arg(NodeContext node, Func<Tensor, long, bool, Tensor> find)
    {
        var axis = node.Attributes.GetInt("axis", 0);
        var keep = node.Attributes.GetInt("keepdims", 1) != 0;
        if (node.Attributes.GetInt("select_last_index", 0) == 0)
            return x => [find(x[0], axis, keep)];
        return x => [find(x[0].flip(axis), axis, keep).neg().Add(x[0].size((int)axis) - 1)];
    }

    /// <summary>A stable order, since of equal elements the first ones count; it is right for results that need no order, too.</summary>
    private static Kernel TopK(NodeContext node, Func<StepInputs, long> count)
    {
        var axis = node.Attributes.GetInt("axis", -1);
        var largest = node.Attributes.GetInt("largest", 1) != 0;
        _ = node.Attributes.GetInt("sorted", 1);
        return x =>
        {
            var (values, indices) = x[0].sort(axis, largest, stable: true);
            var k = count(x);
            return [values.narrow(axis, 0, k), indices.narrow(axis, 0, k)];
        };
    }
}
