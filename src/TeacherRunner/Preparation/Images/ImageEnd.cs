using OnnxKd.Core.Errors;

namespace OnnxKd.TeacherRunner.Preparation.Images;

/// <summary>Finds images that are cut off: decoders fill the missing part with grey and say nothing.</summary>
internal static class ImageEnd
{
    private static readonly byte[] jpegStart = [0xff, 0xd8];
    private static readonly byte[] jpegEnd = [0xff, 0xd9];
    private static readonly byte[] pngStart = [0x89, .. "PNG"u8];

    /// <summary>Requires the mark that ends a JPEG or PNG file; other bytes may follow it.</summary>
    /// <exception cref="InputException">It is missing, or the file is of another kind.</exception>
    public static void Require(ReadOnlySpan<byte> file, string path)
    {
        ReadOnlySpan<byte> end = file.StartsWith(jpegStart) ? jpegEnd : file.StartsWith(pngStart) ? "IEND"u8 : throw new InputException(
            "A file is neither JPEG nor PNG.", path,
            $"it begins with {Convert.ToHexStringLower(file[..Math.Min(8, file.Length)])} (hexadecimal)",
            "JPEG or PNG", SourceFolder.SkipHint);
        if (file.LastIndexOf(end) < 0)
            throw new InputException(
                "An image is cut off.", path, $"{file.Length} bytes without the mark that ends such a file", remedy: SourceFolder.SkipHint);
    }
}
