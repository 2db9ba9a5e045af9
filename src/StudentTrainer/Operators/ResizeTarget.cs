namespace OnnxKd.StudentTrainer.Operators;

/// <summary>How large a resize makes its input.</summary>
/// <param name="Scales">A factor per axis; gives none if sizes say it.</param>
/// <param name="Sizes">A size per axis.</param>
/// <param name="Crop">Starts, then ends, as shares of the axes.</param>
internal sealed record ResizeTarget(
    Func<StepInputs, double[]>? Scales, Func<StepInputs, long[]>? Sizes, Func<StepInputs, double[]>? Crop)
{
    /// <summary>The axes that these are for; default: all.</summary>
    public long[]? Axes { get; init; }

    /// <summary>Whether sizes are taken as they are (<c>stretch</c>), or one factor is found for all axes.</summary>
    public string Policy { get; init; } = "stretch";

    /// <summary>The axes of one run.</summary>
    /// <param name="x">The node's inputs.</param>
    /// <param name="shape">The shape of what is resized.</param>
    /// <param name="crops">Whether the crop is used.</param>
    /// <exception cref="ArgumentException">The numbers do not fit the shape.</exception>
    public ResizeAxis[] Fit(StepInputs x, long[] shape, bool crops)
    {
        int[] dims = [.. Axes?.Select(axis => Position(axis, shape.Length)) ?? Enumerable.Range(0, shape.Length)];
        var axes = Scales?.Invoke(x) is { Length: > 0 } scales
            ? Scaled(shape, dims, scales)
            : Sized(shape, dims, Sizes?.Invoke(x) ?? throw new ArgumentException("there are neither scales nor sizes"));
        if (crops)
            SetCrop(axes, Crop?.Invoke(x) ?? []);
        return axes;
    }

    private static ResizeAxis[] Scaled(long[] shape, int[] dims, double[] scales)
    {
        RequireCount("scales", scales.Length, dims.Length);
        return [.. dims.Zip(scales, (dim, scale) => Scaled(dim, shape[dim], (float)scale))];
    }

    /// <summary>In float32, as exporters and ONNX Runtime do: 10 · 0.7 is 7 there and below 7 in double.</summary>
    private static ResizeAxis Scaled(int dim, long size, float scale) =>
        scale > 0 ? new(dim, size, (long)(size * scale), scale) : throw new ArgumentException($"the scale of axis {dim} is {scale}");

    private ResizeAxis[] Sized(long[] shape, int[] dims, long[] sizes)
    {
        RequireCount("sizes", sizes.Length, dims.Length);
        if (Array.Exists(sizes, size => size < 0))
            throw new ArgumentException($"a size is below 0: [{string.Join(", ", sizes)}]");
        ResizeAxis[] axes = [.. dims.Zip(sizes, (dim, size) => new ResizeAxis(dim, shape[dim], size, size / (float)shape[dim]))];
        if (Policy == "stretch")
            return axes;
        var scale = Policy == "not_larger" ? axes.Min(axis => axis.Scale) : axes.Max(axis => axis.Scale);
        return Array.ConvertAll(axes, axis => axis with { Length = (long)MathF.Floor(axis.Size * scale + 0.5f), Scale = scale });
    }

    private static void SetCrop(ResizeAxis[] axes, double[] crop)
    {
        RequireCount("numbers in roi", crop.Length, 2 * axes.Length);
        for (var i = 0; i < axes.Length; i++)
            axes[i] = axes[i] with { Start = (float)crop[i], End = (float)crop[axes.Length + i] };
    }

    private static int Position(long axis, int rank) => axis >= -rank && axis < rank
        ? (int)(axis < 0 ? axis + rank : axis)
        : throw new ArgumentException($"axis {axis} is outside the {rank} axes of the input");

    private static void RequireCount(string what, int count, int expected)
    {
        if (count != expected)
            throw new ArgumentException($"there are {count} {what} for {expected} axes");
    }
}
