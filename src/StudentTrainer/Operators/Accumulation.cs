using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Operators;

/// <summary>Running sums.</summary>
internal static class Accumulation
{
    /// <summary>Sums what comes up to an element; <c>exclusive</c>: without itself, <c>reverse</c>: from the end.</summary>
    public static Kernel CumSum(NodeContext node)
    {
        var axis = node.Longs(1);
        var exclusive = node.Attributes.GetInt("exclusive", 0) != 0;
        var reverse = node.Attributes.GetInt("reverse", 0) != 0;
        return x =>
        {
            var along = axis(x)[0];
            var summands = reverse ? x[0].flip(along) : x[0];
            if (exclusive)
                summands = Delayed(summands, along);
            var sums = summands.cumsum(along, summands.dtype);
            return [reverse ? sums.flip(along) : sums];
        };
    }

    /// <summary>A zero before the first element, and the last one left out.</summary>
    private static Tensor Delayed(Tensor x, long axis)
    {
        var size = x.size((int)axis);
        return size == 0 ? x : cat([zeros_like(x.narrow(axis, 0, 1)), x.narrow(axis, 0, size - 1)], axis);
    }
}
