namespace OnnxKd.StudentTrainer.Operators;

/// <summary>One axis of a resize.</summary>
/// <param name="Dim">The axis.</param>
/// <param name="Size">Its size in the input.</param>
/// <param name="Length">Its size in the output.</param>
/// <param name="Scale">The factor; not exactly Length ÷ Size where that was rounded.</param>
/// <param name="Start">Where the crop starts, as a share of the axis; 0 without one.</param>
/// <param name="End">Where the crop ends; 1 without one.</param>
internal readonly record struct ResizeAxis(int Dim, long Size, long Length, float Scale, float Start = 0, float End = 1)
{
    /// <summary>Whether nothing changes.</summary>
    public bool IsIdentity => Size == Length && Scale == 1 && Start == 0 && End == 1;
}

/// <summary>
/// Which place of the input an element of the output shows. In float32, as ONNX Runtime computes: in double some places would fall on the
/// other side of a rounding.
/// </summary>
internal static class ResizeCoordinates
{
    /// <summary>The rule that crops; places outside the input get the extrapolation value.</summary>
    public const string Crop = "tf_crop_and_resize";

    /// <summary>The rule for the nearest element before version 11: the left one when enlarging, the right one when shrinking.</summary>
    public const string Simple = "simple";

    /// <summary>From an element of the output to a place in the input, by coordinate_transformation_mode.</summary>
    public static readonly Dictionary<string, Func<long, ResizeAxis, float>> Rules = new()
    {
        ["half_pixel"] = HalfPixel,
        ["half_pixel_symmetric"] = Symmetric,
        ["pytorch_half_pixel"] = (i, axis) => axis.Length > 1 ? HalfPixel(i, axis) : 0,
        ["align_corners"] = (i, axis) => axis.Length > 1 ? (float)i * (axis.Size - 1) / (axis.Length - 1) : 0,
        ["asymmetric"] = (i, axis) => i / axis.Scale,
        ["tf_half_pixel_for_nn"] = (i, axis) => (i + 0.5f) / axis.Scale,
        [Crop] = (i, axis) => axis.Length > 1
            ? axis.Start * (axis.Size - 1) + i * (axis.End - axis.Start) * (axis.Size - 1) / (axis.Length - 1)
            : 0.5f * (axis.Start + axis.End) * (axis.Size - 1),
    };

    /// <summary>What float32 may leave of half an element; so near to it, nearest_mode decides.</summary>
    private const double Tie = 1e-6;

    /// <summary>From a place to an element of the input, by nearest_mode.</summary>
    public static readonly Dictionary<string, Func<float, ResizeAxis, double>> Nearest = new()
    {
        ["round_prefer_floor"] = (place, _) => Math.Ceiling(place - 0.5 - Tie),
        ["round_prefer_ceil"] = (place, _) => Math.Floor(place + 0.5 + Tie),
        ["floor"] = (place, _) => Math.Floor(place),
        ["ceil"] = (place, _) => Math.Ceiling(place),
        [Simple] = (place, axis) => axis.Scale < 1 ? Math.Ceiling(place) : Math.Floor(place),
    };

    private static float HalfPixel(long i, ResizeAxis axis) => (i + 0.5f) / axis.Scale - 0.5f;

    /// <summary>Half pixels around the centre of the unrounded output.</summary>
    private static float Symmetric(long i, ResizeAxis axis)
    {
        var unrounded = axis.Scale * axis.Size;
        var offset = axis.Size / 2f * (1 - axis.Length / unrounded);
        return (float)(offset + (i + 0.5) / axis.Scale - 0.5);
    }
}
