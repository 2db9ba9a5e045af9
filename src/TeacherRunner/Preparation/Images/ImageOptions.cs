using OnnxKd.Core.Errors;
using OnnxKd.Core.Tensors;

namespace OnnxKd.TeacherRunner.Preparation.Images;

/// <summary>How values between pixels are found when an image changes its size.</summary>
public enum Interpolation
{
    /// <summary>The nearest pixel.</summary>
    Nearest,

    /// <summary>Linear in both directions.</summary>
    Linear,

    /// <summary>Cubic in both directions (Keys; a = −0.5 with antialias, else −0.75).</summary>
    Cubic,
}

/// <summary>The order of a sample's axes.</summary>
public enum ImageLayout
{
    /// <summary>Channels, rows, columns.</summary>
    Chw,

    /// <summary>Rows, columns, channels.</summary>
    Hwc,
}

/// <summary>What becomes of each image of a folder: decode, resize, crop from the middle, scale, normalise.</summary>
public sealed record ImageOptions
{
    /// <summary>Whether the folders within are not classes.</summary>
    public bool Unlabelled { get; init; }

    /// <summary>
    /// One number: the shorter side gets this length, and the other keeps the ratio. Two: height and width. Empty: no change of size.
    /// </summary>
    public IReadOnlyList<int> Resize { get; init; } = [];

    /// <summary>Height and width that are cut from the middle; default: a square of the resized shorter side, or all.</summary>
    public IReadOnlyList<int> Crop { get; init; } = [];

    /// <summary>The interpolation of resizing.</summary>
    public Interpolation Interpolation { get; init; } = Interpolation.Linear;

    /// <summary>
    /// Whether an image that gets smaller is smoothed first (as in Pillow); no meaning for <see cref="Interpolation.Nearest"/>.
    /// </summary>
    public bool Antialias { get; init; } = true;

    /// <summary>3 for red, green and blue; 1 for grey (0.299 R + 0.587 G + 0.114 B).</summary>
    public int Channels { get; init; } = 3;

    /// <summary>
    /// <see cref="ElementType.Float32"/>, or <see cref="ElementType.UInt8"/>: rounded, not normalised, a quarter of the size.
    /// </summary>
    public ElementType Type { get; init; } = ElementType.Float32;

    /// <summary>Factor on pixels from 0 to 255; default 1/255.</summary>
    public double Scale { get; init; } = 1.0 / 255;

    /// <summary>Subtracted after scaling: one number, or one a channel.</summary>
    public IReadOnlyList<double> Mean { get; init; } = [0];

    /// <summary>Divided by after that: one number, or one a channel.</summary>
    public IReadOnlyList<double> Std { get; init; } = [1];

    /// <summary>The order of the axes.</summary>
    public ImageLayout Layout { get; init; } = ImageLayout.Chw;

    /// <summary>
    /// The most pixels that an image may have, in millions; larger ones count as damaged. Decoding takes some 30 bytes a pixel.
    /// </summary>
    public double MaxMegapixels { get; init; } = 100;

    internal long MaxPixels => (long)(MaxMegapixels * 1e6);

    /// <summary>Height and width of every sample.</summary>
    internal IReadOnlyList<int> Size => (Crop, Resize) switch
    {
        ([var side], _) => [side, side],
        ([_, _], _) => Crop,
        (_, [var side]) => [side, side],
        _ => Resize,
    };

    /// <summary>The shape of every sample.</summary>
    internal IReadOnlyList<int> SampleShape =>
        Layout == ImageLayout.Chw ? [Channels, Size[0], Size[1]] : [Size[0], Size[1], Channels];

    /// <summary>Checks that the options make sense together.</summary>
    /// <exception cref="InputException">They do not.</exception>
    internal void Validate()
    {
        Require(
            Resize.Count <= 2 && Resize.All(IsSide), "--resize", Shapes.Format(Resize), "one length, or height and width: 256 or 224,224");
        Require(Crop.Count <= 2 && Crop.All(IsSide), "--crop", Shapes.Format(Crop), "one length, or height and width: 224 or 48,192");
        Require(Resize.Count + Crop.Count > 0, "--resize, --crop", "neither", "at least one, so that all samples have one size");
        Require(CropFits, "--crop", $"{Shapes.Format(Size)} of {Shapes.Format(Resize)}", "a crop that lies within the resized image");
        Require(Channels is 1 or 3, "--channels", $"{Channels}", "3 (red, green, blue) or 1 (grey)");
        Require(Type is ElementType.Float32 or ElementType.UInt8, "--type", Type.Name(), "float32 or uint8");
        Require(
            Type == ElementType.Float32 || Scale == 1.0 / 255 && Mean is [0] && Std is [1],
            "--type uint8", "scale, mean or std", "none of them: bytes are stored as decoded; give them to teacher and student instead");
        Require(MaxMegapixels is > 0 and <= 4300, "--max-megapixels", $"{MaxMegapixels}", "a number above 0, to 4300");
        Require(double.IsFinite(Scale) && Scale != 0, "--scale", $"{Scale}", "a finite number other than 0");
        Require(Mean.Count == 1 || Mean.Count == Channels, "--mean", $"{Mean.Count} numbers", $"one, or {Channels}: one a channel");
        Require(Std.Count == 1 || Std.Count == Channels, "--std", $"{Std.Count} numbers", $"one, or {Channels}: one a channel");
        Require(Mean.All(double.IsFinite), "--mean", Shapes.Format(Mean), "finite numbers");
        Require(Std.All(std => double.IsFinite(std) && std != 0), "--std", Shapes.Format(Std), "finite numbers other than 0");
    }

    private bool CropFits => Resize switch
    {
        [] => true,
        [var shorterSide] => Size.Min() <= shorterSide, // the other side shows with each image
        _ => Size[0] <= Resize[0] && Size[1] <= Resize[1],
    };

    private static bool IsSide(int side) => side is > 0 and <= 1 << 15;

    private static void Require(bool condition, string where, string found, string expected)
    {
        if (!condition)
            throw new InputException("Images cannot be prepared with these options.", where, found, expected, "correct the option");
    }
}
