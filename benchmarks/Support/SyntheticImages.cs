using System.Buffers.Binary;

namespace OnnxKd.Benchmarks.Support;

/// <summary>Images of random bytes in an IDX file, of any number, written in pieces.</summary>
internal static class SyntheticImages
{
    /// <summary>Writes <paramref name="count"/> images of 28 × 28 bytes.</summary>
    public static void Write(string path, int count)
    {
        using var file = File.Create(path);
        Span<byte> header = stackalloc byte[16];
        BinaryPrimitives.WriteUInt32BigEndian(header, 0x0803); // unsigned bytes, three axes
        BinaryPrimitives.WriteInt32BigEndian(header[4..], count);
        BinaryPrimitives.WriteInt32BigEndian(header[8..], 28);
        BinaryPrimitives.WriteInt32BigEndian(header[12..], 28);
        file.Write(header);

        var random = new Random(1);
        var image = new byte[28 * 28];
        for (var i = 0; i < count; i++)
        {
            random.NextBytes(image);
            file.Write(image);
        }
    }
}
