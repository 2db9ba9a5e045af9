namespace OnnxKd.StudentTrainer.Operators;

/// <summary>The sliding window of a convolution or pooling, as the attributes describe it; per spatial axis.</summary>
/// <param name="Strides">Default: 1.</param>
/// <param name="Pads">Before each axis, then after each; default: 0.</param>
/// <param name="Dilations">Default: 1.</param>
/// <param name="AutoPad">
/// <c>NOTSET</c>, <c>VALID</c>, <c>SAME_UPPER</c> or <c>SAME_LOWER</c>; the last two depend on the input's size.
/// </param>
/// <param name="Ceil">Whether a last window may hang over the end.</param>
internal sealed record Window(long[]? Strides, long[]? Pads, long[]? Dilations, string AutoPad, bool Ceil)
{
    private static readonly string[] AutoPads = ["NOTSET", "VALID", "SAME_UPPER", "SAME_LOWER"];

    /// <summary>Reads the attributes.</summary>
    public static Window Read(NodeContext node, bool pooling)
    {
        var attributes = node.Attributes;
        var autoPad = attributes.GetString("auto_pad", "NOTSET");
        if (!AutoPads.Contains(autoPad))
            throw node.Unsupported("has an unknown auto_pad", autoPad, $"expected one of {string.Join(", ", AutoPads)}");
        return new(
            attributes.GetInts("strides"), attributes.GetInts("pads"), attributes.GetInts("dilations"), autoPad,
            pooling && attributes.GetInt("ceil_mode", 0) != 0);
    }

    /// <summary>Fits the window to an input.</summary>
    /// <param name="sizes">The input's spatial sizes.</param>
    /// <param name="kernel">The window's sizes.</param>
    public WindowAxis[] Fit(ReadOnlySpan<long> sizes, ReadOnlySpan<long> kernel)
    {
        var axes = new WindowAxis[sizes.Length];
        for (var i = 0; i < axes.Length; i++)
        {
            var stride = Strides?[i] ?? 1;
            var dilation = Dilations?[i] ?? 1;
            var (before, after) = Padding(i, axes.Length, sizes[i], (kernel[i] - 1) * dilation + 1, stride);
            axes[i] = new(sizes[i], kernel[i], stride, dilation, before, after, Ceil);
        }
        return axes;
    }

    private (long Before, long After) Padding(int axis, int rank, long size, long span, long stride)
    {
        if (AutoPad == "NOTSET")
            return (Pads?[axis] ?? 0, Pads?[rank + axis] ?? 0);
        if (AutoPad == "VALID")
            return (0, 0);
        var windows = (size + stride - 1) / stride;
        var total = Math.Max(0, (windows - 1) * stride + span - size);
        var smaller = total / 2;
        return AutoPad == "SAME_UPPER" ? (smaller, total - smaller) : (total - smaller, smaller);
    }
}

/// <summary>A window fitted to one axis of an input.</summary>
internal readonly record struct WindowAxis(long Size, long Kernel, long Stride, long Dilation, long Before, long After, bool Ceil)
{
    /// <summary>
    /// Padding after the axis that makes every window whole and none too many: with <see cref="Ceil"/> the last window may need more than
    /// the declared padding, but one that would start behind the input is dropped.
    /// </summary>
    public long NeededAfter
    {
        get
        {
            var span = (Kernel - 1) * Dilation + 1;
            var room = Size + Before + After - span;
            var last = (Ceil ? (room + Stride - 1) / Stride : room / Stride) * Stride;
            if (Ceil && last >= Size + Before)
                last -= Stride;
            return Math.Max(0, last + span - Size - Before);
        }
    }
}
