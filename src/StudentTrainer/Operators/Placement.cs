using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Operators;

/// <summary>How windows of a pooling are laid over an input: by libtorch's own padding, or over an input that is padded before.</summary>
/// <param name="Axes">The windows.</param>
/// <param name="Padding">libtorch's padding, per axis.</param>
/// <param name="Ceil">libtorch's ceil mode.</param>
/// <param name="IsExplicit">Whether the input is padded before.</param>
internal sealed record Placement(WindowAxis[] Axes, long[] Padding, bool Ceil, bool IsExplicit)
{
    /// <summary>The windows' sizes.</summary>
    public long[] Kernel => Axes.Of(axis => axis.Kernel);

    /// <summary>The distances between windows.</summary>
    public long[] Strides => Axes.Of(axis => axis.Stride);

    /// <summary>The distances between a window's elements.</summary>
    public long[] Dilations => Axes.Of(axis => axis.Dilation);

    /// <summary>Prefers libtorch's own padding, which copies nothing.</summary>
    /// <param name="axes">The windows.</param>
    /// <param name="average">Whether it is an average that is taken; libtorch has no dilated one.</param>
    /// <param name="countPadding">Whether padding counts in an average, so that it must be the declared one.</param>
    public static Placement Of(WindowAxis[] axes, bool average = false, bool countPadding = false)
    {
        var declared = Array.TrueForAll(axes, axis => axis.Before == axis.After);
        var floor = Array.TrueForAll(axes, axis => axis.FitsSymmetric);
        var small = Array.TrueForAll(axes, axis => 2 * axis.Before <= axis.Kernel);
        var dilated = average && Array.Exists(axes, axis => axis.Dilation != 1);
        if (small && !dilated && (declared || floor && !countPadding))
            return new(axes, axes.Of(axis => axis.Before), !floor, false);
        return new(axes, new long[axes.Length], false, Array.Exists(axes, axis => axis.Before > 0 || axis.NeededAfter > 0));
    }

    /// <summary>The input as libtorch is to get it.</summary>
    public Tensor Pad(Tensor x, double value) =>
        IsExplicit ? nn.functional.pad(x, Axes.Pads(axis => axis.Before, axis => axis.NeededAfter), value: value) : x;
}
