using System.IO.Compression;
using OnnxKd.Core.Errors;

namespace OnnxKd.Core.TransferSets;

/// <summary>NumPy's archive: a ZIP file with one NPY file per array. The chosen array is unpacked to a nameless temporary file.</summary>
internal static class NpzFormat
{
    private const string Extension = ".npy";

    public static bool Matches(ReadOnlySpan<byte> head) => head.StartsWith("PK\x3\x4"u8);

    public static TensorFile Open(SourceFile file, TensorRequest request)
    {
        try
        {
            using var archive = new ZipArchive(file.OpenStream(), ZipArchiveMode.Read);
            var entries = archive.Entries.Where(e => e.FullName.EndsWith(Extension, StringComparison.Ordinal)).ToList();
            var names = entries.Select(e => e.FullName[..^Extension.Length]).ToList();
            var entry = entries[names.IndexOf(request.Choose(names))];
            return OpenEntry($"{file.Path}, {entry.FullName}", entry);
        }
        // ZipArchive throws ArgumentOutOfRangeException on some truncated files, and NotSupportedException on encrypted ones.
        catch (Exception error) when (error is InvalidDataException or EndOfStreamException or ArgumentException or NotSupportedException)
        {
            throw new InputException(
                "An NPZ file is damaged or truncated.",
                where: file.Path,
                found: error.Message,
                remedy: "fetch or write it again",
                inner: error);
        }
    }

    private static TensorFile OpenEntry(string path, ZipArchiveEntry entry)
    {
        var array = SourceFile.Decode(path, output =>
        {
            using var content = entry.Open();
            content.CopyTo(output, 1 << 17);
        });
        try
        {
            return NpyFormat.Matches(array.Head)
                ? NpyFormat.Open(array)
                : throw new InputException("An entry of an NPZ file is not an array.", where: path);
        }
        catch
        {
            array.Dispose();
            throw;
        }
    }
}
