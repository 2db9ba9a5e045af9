using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Operators;

/// <summary>Cutting ranges out of axes: views, unless a step goes backwards.</summary>
internal static class Slicing
{
    // Before the start of any axis. libtorch takes numbers near the smallest for something else.
    private const long FarBefore = -(1L << 40);

    public static Kernel Slice1(NodeContext node)
    {
        var starts = node.Attributes.GetInts("starts") ?? throw node.Unsupported("needs starts", "none");
        var ends = node.Attributes.GetInts("ends") ?? throw node.Unsupported("needs ends", "none");
        var axes = node.Attributes.GetInts("axes");
        return x => [Slice(x[0], starts, ends, axes, null)];
    }

    public static Kernel Slice10(NodeContext node)
    {
        var (starts, ends) = (node.Longs(1), node.Longs(2));
        var (axes, steps) = (node.OptionalLongs(3), node.OptionalLongs(4));
        return x => [Slice(x[0], starts(x), ends(x), axes?.Invoke(x), steps?.Invoke(x))];
    }

    private static Tensor Slice(Tensor x, long[] starts, long[] ends, long[]? axes, long[]? steps)
    {
        if (starts.Length == 0)
            return x.alias();
        for (var i = 0; i < starts.Length; i++)
        {
            var (axis, step) = (axes?[i] ?? i, steps?[i] ?? 1);
            x = step < 0
                ? Backwards(x, axis, starts[i], ends[i], step)
                : x.slice(axis, Math.Max(starts[i], FarBefore), Math.Max(ends[i], FarBefore), step);
        }
        return x;
    }

    /// <summary>
    /// From start down to above the end. Both count from the end if negative, and are then clamped: the start to the last element, the end
    /// to before the first.
    /// </summary>
    private static Tensor Backwards(Tensor x, long axis, long start, long end, long step)
    {
        var size = x.size((int)axis);
        var from = Math.Clamp(start < 0 ? start + size : start, Math.Min(0, size - 1), size - 1);
        var to = Math.Clamp(end < 0 ? end + size : end, -1, size - 1);
        if (to >= from)
            return x.slice(axis, 0, 0, 1);
        var last = from - (from - to - 1) / -step * -step;
        return x.slice(axis, last, from + 1, -step).flip(axis);
    }
}
