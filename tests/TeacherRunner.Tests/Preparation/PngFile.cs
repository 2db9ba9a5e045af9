using System.Buffers.Binary;
using System.IO.Compression;

namespace OnnxKd.TeacherRunner.Tests.Preparation;

/// <summary>Writes PNG files as the specification says: one chunk of unfiltered, deflated rows.</summary>
internal static class PngFile
{
    private const byte Grey = 0, Colour = 2;

    /// <param name="channels">3 (red, green, blue) or 1 (grey).</param>
    /// <param name="pixels">Rows, columns, channels.</param>
    public static byte[] Encode(int height, int width, int channels, byte[] pixels)
    {
        using var file = new MemoryStream();
        file.Write([0x89, .. "PNG\r\n"u8, 0x1a, (byte)'\n']);
        var header = new byte[13];
        BinaryPrimitives.WriteInt32BigEndian(header, width);
        BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(4), height);
        header[8] = 8; // bits
        header[9] = channels == 1 ? Grey : Colour;
        Chunk(file, "IHDR"u8, header);
        using var rows = new MemoryStream();
        using (var deflate = new ZLibStream(rows, CompressionLevel.Fastest))
            for (var row = 0; row < height; row++)
                deflate.Write([0, .. pixels.AsSpan(row * width * channels, width * channels)]);
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
        BinaryPrimitives.WriteUInt32BigEndian(number, Crc(content));
        file.Write(number);
    }

    private static uint Crc(byte[] bytes)
    {
        var crc = uint.MaxValue;
        foreach (var value in bytes)
        {
            crc ^= value;
            for (var bit = 0; bit < 8; bit++)
                crc = (crc & 1) != 0 ? crc >> 1 ^ 0xedb88320 : crc >> 1;
        }
        return ~crc;
    }
}
