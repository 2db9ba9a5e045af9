namespace OnnxKd.StudentTrainer.Operators;

/// <summary>A window fitted to one axis of an input.</summary>
internal readonly record struct WindowAxis(long Size, long Kernel, long Stride, long Dilation, long Before, long After, bool Ceil)
{
    /// <summary>How much of the axis a window covers.</summary>
    public long Span => (Kernel - 1) * Dilation + 1;

    /// <summary>
    /// How many windows there are: with <see cref="Ceil"/> the last one may hang over the declared padding, but one that would start
    /// behind the input is dropped.
    /// </summary>
    public long Windows
    {
        get
        {
            if (!Ceil)
                return Count(After);
            var count = Count(After + Stride - 1);
            return (count - 1) * Stride >= Size + Before ? count - 1 : count;
        }
    }

    /// <summary>Padding after the axis that makes every window whole and none too many.</summary>
    public long NeededAfter => Math.Max(0, (Windows - 1) * Stride + Span - Size - Before);

    /// <summary>Whether the windows are the same with libtorch's padding, which is as much after the axis as before it.</summary>
    public bool FitsSymmetric => Count(Before) == Windows;

    private long Count(long after)
    {
        var room = Size + Before + after - Span;
        return room < 0 ? 0 : room / Stride + 1;
    }
}

/// <summary>The axes of a window together.</summary>
internal static class WindowAxes
{
    /// <summary>One value per axis, in their order.</summary>
    public static long[] Of(this WindowAxis[] axes, Func<WindowAxis, long> value) => Array.ConvertAll(axes, axis => value(axis));

    /// <summary>Pads before and after each axis as libtorch lists them: the last axis first.</summary>
    public static long[] Pads(this WindowAxis[] axes, Func<WindowAxis, long> before, Func<WindowAxis, long> after)
    {
        var pads = new long[2 * axes.Length];
        for (var i = 0; i < axes.Length; i++)
            (pads[2 * i], pads[2 * i + 1]) = (before(axes[^(i + 1)]), after(axes[^(i + 1)]));
        return pads;
    }
}
