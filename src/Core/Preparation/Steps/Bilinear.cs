namespace OnnxKd.Core.Preparation.Steps;

/// <summary>Where the value of a place comes from: row YY·y + YX·x + Y0, column XY·y + XX·x + X0. Pixels have whole numbers.</summary>
internal readonly record struct Affine(double YY, double YX, double Y0, double XY, double XX, double X0);

/// <summary>
/// Fetches every pixel from another place, between the four nearest ones. Places are computed in double and weights rounded to float once;
/// nothing is summed up along the way, so the arithmetic is the same on every machine.
/// </summary>
internal static class Bilinear
{
    /// <summary>Moves pixels; pixels of outside the sample have one value.</summary>
    /// <param name="sample">What is changed.</param>
    /// <param name="scratch">As many values, to work in.</param>
    /// <param name="layout">The sample's axes.</param>
    /// <param name="map">Where values come from.</param>
    /// <param name="fill">The value of pixels outside the sample.</param>
    public static void Move(Span<float> sample, Span<float> scratch, SampleLayout layout, Affine map, float fill)
    {
        sample.CopyTo(scratch);
        for (var y = 0; y < layout.Height; y++)
        {
            for (var x = 0; x < layout.Width; x++)
            {
                var (top, down) = Split(map.YY * y + map.YX * x + map.Y0, -1, layout.Height);
                var (left, right) = Split(map.XY * y + map.XX * x + map.X0, -1, layout.Width);
                Blend(sample, scratch, layout, (y, x), (top, top + 1), (left, left + 1), (down, right), fill);
            }
        }
    }

    /// <summary>Enlarges a region to the whole sample; beyond its border the border goes on.</summary>
    public static void Enlarge(Span<float> sample, Span<float> scratch, SampleLayout layout, Region region)
    {
        sample.CopyTo(scratch);
        for (var y = 0; y < layout.Height; y++)
        {
            var (top, down) = Split((y + 0.5) * region.Height / layout.Height - 0.5 + region.Top, region.Top, region.Bottom - 1);
            for (var x = 0; x < layout.Width; x++)
            {
                var (left, right) = Split((x + 0.5) * region.Width / layout.Width - 0.5 + region.Left, region.Left, region.Right - 1);
                Blend(
                    sample, scratch, layout, (y, x), (top, Math.Min(top + 1, region.Bottom - 1)),
                    (left, Math.Min(left + 1, region.Right - 1)), (down, right), fill: 0);
            }
        }
    }

    /// <summary>The pixel before a place, and the share of the next one. Places beyond the limits are moved to them.</summary>
    private static (int Index, float Share) Split(double place, int lowest, int highest)
    {
        place = Math.Clamp(place, lowest, highest);
        var index = Math.Floor(place);
        return ((int)index, (float)(place - index));
    }

    private static void Blend(
        Span<float> sample, ReadOnlySpan<float> source, SampleLayout layout, (int Y, int X) target, (int Top, int Bottom) rows,
        (int Left, int Right) columns, (float Down, float Right) share, float fill)
    {
        var (topLeft, topRight) = (Offset(layout, rows.Top, columns.Left), Offset(layout, rows.Top, columns.Right));
        var (bottomLeft, bottomRight) = (Offset(layout, rows.Bottom, columns.Left), Offset(layout, rows.Bottom, columns.Right));
        if (layout.IsNearest)
            share = (MathF.Round(share.Down), MathF.Round(share.Right));
        var isInside = (topLeft | topRight | bottomLeft | bottomRight) >= 0;
        var at = target.Y * layout.RowLength + target.X * layout.Depth;
        for (var block = 0; block < sample.Length; block += layout.BlockLength)
        {
            for (var i = block; i < block + layout.Depth; i++)
            {
                sample[at + i] = isInside
                    ? Between(
                        Between(source[topLeft + i], source[topRight + i], share.Right),
                        Between(source[bottomLeft + i], source[bottomRight + i], share.Right), share.Down)
                    : Between(
                        Between(Value(source, topLeft, i, fill), Value(source, topRight, i, fill), share.Right),
                        Between(Value(source, bottomLeft, i, fill), Value(source, bottomRight, i, fill), share.Right), share.Down);
            }
        }
    }

    /// <summary>Where a pixel begins within a block; −1 outside the sample.</summary>
    private static int Offset(SampleLayout layout, int y, int x) =>
        (uint)y < (uint)layout.Height && (uint)x < (uint)layout.Width ? y * layout.RowLength + x * layout.Depth : -1;

    private static float Value(ReadOnlySpan<float> source, int offset, int i, float fill) => offset < 0 ? fill : source[offset + i];

    private static float Between(float from, float to, float share) => from + (to - from) * share;
}
