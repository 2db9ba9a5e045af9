using System.Buffers.Binary;

namespace OnnxKd.Benchmarks.Support;

/// <summary>Images of random bytes in an IDX file, of any number, written in pieces.</summary>
internal static class SyntheticImages
{
    /// <summary>Writes images of bytes.</summary>
    /// <param name="path">The file.</param>
    /// <param name="count">How many images.</param>
    /// <param name="shape">The shape of one; default 28 × 28.</param>
    public static void Write(string path, int count, params ReadOnlySpan<int> shape)
    {
        int[] sizes = shape.IsEmpty ? [28, 28] : [.. shape];
        using var file = File.Create(path);
        var header = new byte[8 + 4 * sizes.Length];
        BinaryPrimitives.WriteInt32BigEndian(header, 0x0800 | sizes.Length + 1); // unsigned bytes, so many axes
        BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(4), count);
        for (var axis = 0; axis < sizes.Length; axis++)
            BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(8 + 4 * axis), sizes[axis]);
        file.Write(header);

        var random = new Random(1);
        var image = new byte[sizes.Aggregate(1, (product, size) => product * size)];
        for (var i = 0; i < count; i++)
        {
            random.NextBytes(image);
            file.Write(image);
        }
    }
}
