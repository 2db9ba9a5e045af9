using System.IO.Compression;
using System.IO.Hashing;
using OnnxKd.Core.Errors;

namespace OnnxKd.Core.TransferSets;

/// <summary>NumPy's archive: a ZIP file with one NPY file per array. The chosen array is unpacked to a nameless temporary file.</summary>
internal static class NpzFormat
{
    private const string Extension = ".npy";

    public static bool Matches(ReadOnlySpan<byte> head) => head.StartsWith("PK\x3\x4"u8);

    public static TensorFile Open(SourceFile file, TensorRequest request) => Read(file, (entries, names) =>
    {
        var entry = entries[names.IndexOf(request.Choose(names))];
        return OpenEntry($"{file.Path}, {entry.FullName}", entry, request.Part);
    });

    /// <summary>The names of the arrays.</summary>
    public static IReadOnlyList<string> Names(SourceFile file) => Read(file, (_, names) => names);

    private static T Read<T>(SourceFile file, Func<List<ZipArchiveEntry>, List<string>, T> read)
    {
        try
        {
            using var archive = new ZipArchive(file.OpenStream(), ZipArchiveMode.Read);
            var entries = archive.Entries.Where(e => e.FullName.EndsWith(Extension, StringComparison.Ordinal)).ToList();
            return read(entries, [.. entries.Select(e => e.FullName[..^Extension.Length])]);
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

    private static TensorFile OpenEntry(string path, ZipArchiveEntry entry, SetPart part)
    {
        using var content = entry.Open();
        var checksum = new Crc32();
        var array = SourceFile.Unpack(
            path, content, entry.CompressedLength,
            beginning => NpyFormat.Matches(beginning.Head)
                ? NpyFormat.LengthOf(beginning)
                : throw new InputException("An entry of an NPZ file is not an array.", where: path),
            checksum);
        try
        {
            // .NET reads the checksum and does not compare it.
            return checksum.GetCurrentHashAsUInt32() == entry.Crc32 ? NpyFormat.Open(array, part) : throw new InputException(
                "An array of an NPZ file is damaged.",
                where: path,
                found: $"checksum {checksum.GetCurrentHashAsUInt32():x8}",
                expected: $"{entry.Crc32:x8}, as the file says",
                remedy: "fetch or write it again");
        }
        catch
        {
            array.Dispose();
            throw;
        }
    }
}
