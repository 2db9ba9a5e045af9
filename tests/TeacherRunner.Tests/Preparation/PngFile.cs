using System.Buffers.Binary;
using System.IO.Compression;
using System.IO.Hashing;

namespace OnnxKd.TeacherRunner.Tests.Preparation;

/// <summary>Writes PNG files as the specification says: one chunk of unfiltered, deflated rows.</summary>
internal static class PngFile
{
    private const byte Grey = 0, Colour = 2;

    /// <param name="channels">3 (red, green, blue) or 1 (grey).</param>
    /// <param name="pixels">Rows, columns, channels.</param>
    /// <param name="bits">Of a channel: 8, or 16 in two bytes, the higher first.</param>
    /// <param name="isInterlaced">Whether the header says so; only for one pixel are the rows the same.</param>
    public static byte[] Encode(int height, int width, int channels, byte[] pixels, bool isInterlaced = false, int bits = 8)
    {
        using var file = new MemoryStream();
        file.Write([0x89, .. "PNG\r\n"u8, 0x1a, (byte)'\n']);
        var header = new byte[13];
        BinaryPrimitives.WriteInt32BigEndian(header, width);
        BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(4), height);
        header[8] = (byte)bits;
        header[9] = channels == 1 ? Grey : Colour;
        header[12] = isInterlaced ? (byte)1 : (byte)0;
        Chunk(file, "IHDR"u8, header);
        using var rows = new MemoryStream();
        using (var deflate = new ZLibStream(rows, CompressionLevel.Fastest))
            for (var row = 0; row < height; row++)
                deflate.Write([0, .. pixels.AsSpan(row * width * channels * bits / 8, width * channels * bits / 8)]);
        Chunk(file, "IDAT"u8, rows.ToArray());
        Chunk(file, "IEND"u8, []);
        return file.ToArray();
    }

    private static void Chunk(Stream file, ReadOnlySpan<byte> name, ReadOnlySpan<byte> data)
    {
        Span<byte> number = stackalloc byte[4];
        BinaryPrimitives.WriteInt32BigEndian(number, data.Length);
        file.Write(number);
        byte[] content = [.. name, .. data];
        file.Write(content);
        BinaryPrimitives.WriteUInt32BigEndian(number, Crc32.HashToUInt32(content));
        file.Write(number);
    }
}
