using System.Buffers.Binary;
using System.IO.Hashing;
using System.Text;
using OnnxKd.Core.Errors;

namespace OnnxKd.TeacherRunner.Preparation.Images;

/// <summary>Walks the chunks of a PNG file (ISO/IEC 15948) to its end and checks their checksums.</summary>
internal static class PngStructure
{
    private const int Overhead = 12; // length, kind and checksum of a chunk
    private const int HeaderBytes = 13;

    private static ReadOnlySpan<byte> Signature => [0x89, (byte)'P', (byte)'N', (byte)'G', (byte)'\r', (byte)'\n', 0x1a, (byte)'\n'];

    /// <summary>Whether a file begins like a PNG file.</summary>
    public static bool Matches(ReadOnlySpan<byte> file) => file.StartsWith(Signature);

    /// <summary>Walks a file.</summary>
    /// <returns>Columns and rows of the picture, and bits of a channel.</returns>
    /// <exception cref="InputException">It is damaged, or interlaced.</exception>
    public static (int Width, int Height, int Bits) Read(ReadOnlySpan<byte> file, string path)
    {
        (int Width, int Height, int Bits)? size = null;
        for (var at = Signature.Length; ;)
        {
            if (file.Length - at < Overhead)
                throw ImageCheck.CutOff(path, $"{file.Length} bytes without the mark that ends such a file");
            var length = BinaryPrimitives.ReadUInt32BigEndian(file[at..]);
            if (length > file.Length - at - Overhead)
                throw ImageCheck.CutOff(path, $"{file.Length - at - Overhead} bytes of a chunk of {length}");
            var chunk = file.Slice(at + 4, 4 + (int)length); // kind and content
            at += Overhead + (int)length;
            if (Crc32.HashToUInt32(chunk) != BinaryPrimitives.ReadUInt32BigEndian(file[(at - 4)..]))
                throw ImageCheck.Damaged(path, $"a wrong checksum of chunk '{NameOf(chunk)}'");
            var isHeader = chunk.StartsWith("IHDR"u8);
            if (isHeader != size is null)
                throw ImageCheck.Damaged(path, $"chunk '{NameOf(chunk)}', where {(isHeader ? "another" : "'IHDR'")} is expected");
            if (isHeader)
                size = ReadHeader(chunk[4..], path);
            else if (chunk.StartsWith("IEND"u8))
                return size!.Value;
        }
    }

    private static (int Width, int Height, int Bits) ReadHeader(ReadOnlySpan<byte> header, string path)
    {
        if (header.Length != HeaderBytes)
            throw ImageCheck.Damaged(path, $"a header of {header.Length} bytes");
        if (header[^1] != 0)
            throw new InputException(
                "An interlaced PNG file cannot be decoded: the decoder of the graph would mix up its pixels.", path,
                remedy: "save it without interlacing, or leave out all such files with --skip-corrupt");
        uint width = BinaryPrimitives.ReadUInt32BigEndian(header), height = BinaryPrimitives.ReadUInt32BigEndian(header[4..]);
        return width is > 0 and <= int.MaxValue && height is > 0 and <= int.MaxValue
            ? ((int)width, (int)height, header[8])
            : throw ImageCheck.Damaged(path, $"{width} × {height} pixels");
    }

    private static string NameOf(ReadOnlySpan<byte> chunk) =>
        string.Concat(Encoding.Latin1.GetString(chunk[..4]).Select(c => char.IsAsciiLetter(c) ? c : '?'));
}
