using OnnxKd.Core.Errors;
using SkiaSharp;

namespace OnnxKd.TeacherRunner.Preparation.Images;

/// <summary>What a file of an image says beside its pixels.</summary>
/// <param name="IsTurned">Whether EXIF data say that it is to be turned or mirrored before it is looked at.</param>
/// <param name="IsDeep">Whether its channels have more than the 8 bits that are decoded.</param>
internal readonly record struct ImageFacts(bool IsTurned, bool IsDeep);

/// <summary>
/// Finds damaged images before the decoder of the graph sees them: ONNX Runtime Extensions' ends the process at most errors of a JPEG
/// file, waits for ever at some that are cut off, and says nothing about others. The structure of the file is walked here, to its end, and
/// then SkiaSharp decodes it, which rests on the same two libraries and reports their errors.
/// </summary>
internal static class ImageCheck
{
    /// <summary>Requires a whole JPEG or PNG file; other bytes may follow it.</summary>
    /// <param name="file">Its bytes.</param>
    /// <param name="path">For messages.</param>
    /// <param name="maxPixels">The most pixels that it may have: they decide the memory that decoding takes.</param>
    /// <exception cref="InputException">It is damaged, too large, or of another kind.</exception>
    public static ImageFacts Require(byte[] file, string path, long maxPixels)
    {
        var (width, height, bits) = JpegStructure.Matches(file) ? JpegStructure.Read(file, path)
            : PngStructure.Matches(file) ? PngStructure.Read(file, path)
            : throw new InputException(
                "A file is neither JPEG nor PNG.", path,
                $"it begins with {Convert.ToHexStringLower(file.AsSpan(0, Math.Min(8, file.Length)))} (hexadecimal)",
                "JPEG or PNG", SourceFolder.SkipHint);
        if ((long)width * height > maxPixels)
            throw new InputException(
                "An image is too large.", path, $"{width} × {height} pixels", $"{maxPixels / 1e6:0.######} megapixels at most",
                $"raise --max-megapixels if the file is what it should be, or {SourceFolder.SkipHint}");
        return new(RequireDecodes(file, path, width, height) is not SKEncodedOrigin.TopLeft, bits > 8);
    }

    /// <summary>The error about an image of a rare form.</summary>
    public static InputException OfOtherForm(string path, string found) => new(
        "An image is of a form that cannot be decoded.", path, found, "grey or red, green and blue, of 8 bits each, baseline or progressive",
        "convert it to RGB (Pillow: image.convert('RGB').save(...)), or leave out all that cannot be decoded with --skip-corrupt");

    /// <summary>The error about a damaged image.</summary>
    public static InputException Damaged(string path, string found) => new(
        "An image is damaged.", path, found, remedy: SourceFolder.SkipHint);

    /// <summary>The error about an image that ends too early.</summary>
    public static InputException CutOff(string path, string found) => new(
        "An image is cut off.", path, found, remedy: SourceFolder.SkipHint);

    private static SKEncodedOrigin RequireDecodes(byte[] file, string path, int width, int height)
    {
        using var data = SKData.CreateCopy(file);
        using var codec = SKCodec.Create(data) ?? throw Damaged(path, "its header cannot be decoded");
        var info = new SKImageInfo(codec.Info.Width, codec.Info.Height, SKColorType.Rgba8888, SKAlphaType.Unpremul);
        if ((info.Width, info.Height) != (width, height))
            throw Damaged(path, $"{width} × {height} pixels, of which {info.Width} × {info.Height} can be decoded");
        using var pixels = new SKBitmap();
        if (!pixels.TryAllocPixels(info))
            throw new InputException("There is no memory to decode an image.", path, $"{width} × {height} pixels");
        if (codec.GetPixels(info, pixels.GetPixels()) is not SKCodecResult.Success and var result)
            throw Damaged(path, $"the decoder says '{result}'");
        return codec.EncodedOrigin;
    }
}
