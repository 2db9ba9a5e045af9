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
    /// <summary>The kernel's sizes, where the attributes say them.</summary>
    public long[]? Kernel { get; init; }

    private static readonly string[] AutoPads = ["NOTSET", "VALID", "SAME_UPPER", "SAME_LOWER"];

    /// <summary>Reads the attributes.</summary>
    /// <param name="node">The node.</param>
    /// <param name="rank">The number of spatial axes; <c>null</c> if only a run tells.</param>
    /// <param name="pooling">Whether the operator has a ceil_mode.</param>
    public static Window Read(NodeContext node, int? rank, bool pooling)
    {
        if (rank is < 1 or > 3)
            throw node.Unsupported("is supported over one to three spatial axes", $"{rank}");
        var autoPad = node.Attributes.GetString("auto_pad", "NOTSET");
        if (!AutoPads.Contains(autoPad))
            throw node.Unsupported("has an unknown auto_pad", autoPad, $"expected one of {string.Join(", ", AutoPads)}");
        return new(
            PerAxis(node, "strides", rank, least: 1), PerAxis(node, "pads", 2 * rank, least: 0), PerAxis(node, "dilations", rank, least: 1),
            autoPad, pooling && node.Attributes.GetInt("ceil_mode", 0) != 0)
        {
            Kernel = node.Attributes.GetInts("kernel_shape"),
        };
    }

    /// <summary>Reads one number per axis (pads: two); <c>null</c> if the attribute is absent.</summary>
    /// <param name="node">The node.</param>
    /// <param name="name">The attribute.</param>
    /// <param name="count">How many numbers it must have; <c>null</c> if only a run tells.</param>
    /// <param name="least">The least number allowed.</param>
    public static long[]? PerAxis(NodeContext node, string name, int? count, long least)
    {
        if (node.Attributes.GetInts(name) is not { } values)
            return null;
        if (count is { } expected && values.Length != expected)
            throw node.Unsupported($"has {values.Length} numbers in {name}", $"[{string.Join(", ", values)}]", $"expected {expected}");
        if (Array.Exists(values, value => value < least))
            throw node.Unsupported($"has a number below {least} in {name}", $"[{string.Join(", ", values)}]");
        return values;
    }

    /// <summary>The spatial axes of a convolution's kernel; <c>null</c> if only a run tells.</summary>
    public static int? KernelRank(NodeContext node)
    {
        var declared = node.Attributes.GetInts("kernel_shape"); // the weight says it too
        var rank = node.RankOf(1) - 2 ?? declared?.Length;
        if (declared is not null && declared.Length != rank)
            throw node.Unsupported("has a kernel_shape that is not its weight's", string.Join(", ", declared), $"it has {rank} axes");
        return rank;
    }

    /// <summary>Fits the window to an input.</summary>
    /// <param name="sizes">The input's spatial sizes.</param>
    /// <param name="kernel">The window's sizes.</param>
    /// <exception cref="ArgumentException">The input has other axes, or is smaller than the window.</exception>
    public WindowAxis[] Fit(ReadOnlySpan<long> sizes, ReadOnlySpan<long> kernel)
    {
        if (sizes.Length != kernel.Length || sizes.Length is < 1 or > 3)
            throw new ArgumentException($"a window of {kernel.Length} axes (1 to 3) does not fit an input of {sizes.Length} spatial axes");
        RequireDeclared(kernel);
        var axes = new WindowAxis[sizes.Length];
        for (var i = 0; i < axes.Length; i++)
        {
            var stride = Strides?[i] ?? 1;
            var dilation = Dilations?[i] ?? 1;
            var (before, after) = Padding(i, axes.Length, sizes[i], (kernel[i] - 1) * dilation + 1, stride);
            axes[i] = new(sizes[i], kernel[i], stride, dilation, before, after, Ceil);
            if (axes[i].Windows < 1)
                throw new ArgumentException($"the window is larger than axis {i + 2} of the input with its padding");
        }
        return axes;
    }

    /// <summary>Refuses a kernel that is not what the attributes say.</summary>
    /// <exception cref="ArgumentException">It has other sizes.</exception>
    public void RequireDeclared(ReadOnlySpan<long> kernel)
    {
        if (Kernel is not null && !kernel.SequenceEqual(Kernel))
            throw new ArgumentException(
                $"kernel_shape is [{string.Join(", ", Kernel)}], but the weight has [{string.Join(", ", kernel.ToArray())}]");
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
