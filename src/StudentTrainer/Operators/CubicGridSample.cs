using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Operators;

/// <summary>
/// Bicubic sampling at the places of a grid: sixteen neighbours, each weighted by Keys' cubic in both axes. A neighbour outside the input
/// is zero, or its nearest edge, or its mirror image.
/// </summary>
internal static class CubicGridSample
{
    private const double A = -0.75;

    /// <summary>Samples.</summary>
    /// <param name="input">[N, C, H, W].</param>
    /// <param name="grid">[N, rows, columns, 2]: x, then y, from −1 to 1.</param>
    /// <param name="padding">What lies outside the input.</param>
    /// <param name="alignCorners">Whether ±1 are the centres of the corner elements, or the input's edges.</param>
    /// <returns>[N, C, rows, columns].</returns>
    public static Tensor Sample(Tensor input, Tensor grid, GridSamplePaddingMode padding, bool alignCorners)
    {
        if (input.ndim != 4)
            throw new ArgumentException("cubic sampling is for [N, C, H, W]");
        var (height, width) = (input.shape[2], input.shape[3]);
        var columns = Neighbours(grid.select(-1, 0), width, padding, alignCorners);
        var rows = Neighbours(grid.select(-1, 1), height, padding, alignCorners);
        var (n, c) = (input.shape[0], input.shape[1]);
        var elements = input.flatten(2);
        Tensor? sum = null;
        foreach (var (row, rowWeight) in rows)
        {
            foreach (var (column, columnWeight) in columns)
            {
                var index = row.Mul(width).Add(column).reshape(n, 1, -1).expand(n, c, -1);
                var term = elements.gather(2, index).mul(rowWeight.mul(columnWeight).reshape(n, 1, -1));
                sum = sum is null ? term : sum.Add(term);
            }
        }
        return sum!.reshape([n, c, .. grid.shape[1..3]]);
    }

    /// <summary>The four elements around each place along one axis, with their weights.</summary>
    private static (Tensor Index, Tensor Weight)[] Neighbours(Tensor places, long size, GridSamplePaddingMode padding, bool alignCorners)
    {
        var at = alignCorners ? places.Add(1).Mul((size - 1) / 2.0) : places.Add(1).Mul(size).Sub(1).Div(2);
        var first = at.floor(); // its gradient is zero
        var share = at.sub(first);
        return [.. Enumerable.Range(-1, 4).Select(offset =>
        {
            var neighbour = first.Add(offset);
            var weight = Cubic(share.Sub(offset).abs(), inner: offset is 0 or 1);
            if (padding == GridSamplePaddingMode.Zeros)
                weight = weight.mul(neighbour.Ge(0).logical_and(neighbour.Le(size - 1)).to(weight.dtype));
            if (padding == GridSamplePaddingMode.Reflection)
                neighbour = Reflect(neighbour, size, alignCorners);
            return (neighbour.Clamp(min: 0, max: size - 1).to(int64), weight);
        })];
    }

    /// <summary>Keys, "Cubic convolution interpolation for digital image processing", 1981; inner: the distance is at most 1.</summary>
    private static Tensor Cubic(Tensor d, bool inner) => inner
        ? d.Mul(A + 2).Sub(A + 3).mul(d).mul(d).Add(1)
        : d.Sub(5).mul(d).Add(8).mul(d).Sub(4).Mul(A);

    /// <summary>Folds places back into the input, between its corner elements' centres or its edges.</summary>
    private static Tensor Reflect(Tensor places, long size, bool alignCorners)
    {
        var (low, span) = alignCorners ? (0.0, size - 1.0) : (-0.5, (double)size);
        if (span == 0)
            return places.Mul(0);
        return places.Sub(low).Remainder(2 * span).Sub(span).abs().neg().Add(span + low);
    }
}
