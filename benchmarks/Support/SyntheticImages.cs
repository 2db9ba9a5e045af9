using System.Buffers.Binary;

namespace OnnxKd.Benchmarks.Support;

/// <summary>Images of random bytes in an IDX file, of any number, written in pieces; and labels for them.</summary>
internal static class SyntheticImages
{
    /// <summary>Writes images of bytes.</summary>
    /// <param name="path">The file.</param>
    /// <param name="count">How many images.</param>
    /// <param name="shape">The shape of one; default 28 × 28.</param>
    public static void Write(string path, int count, params ReadOnlySpan<int> shape)
    {
        int[] sizes = shape.IsEmpty ? [28, 28] : [.. shape];
        using var file = Create(path, [count, .. sizes]);
        var random = new Random(1);
        var image = new byte[sizes.Aggregate(1, (product, size) => product * size)];
        for (var i = 0; i < count; i++)
        {
            random.NextBytes(image);
            file.Write(image);
        }
    }

    /// <summary>Writes random labels.</summary>
    public static void WriteLabels(string path, int count, int classes)
    {
        using var file = Create(path, [count]);
        var random = new Random(2);
        for (var i = 0; i < count; i++)
            file.WriteByte((byte)random.Next(classes));
    }

    private static FileStream Create(string path, int[] sizes)
    {
        var file = File.Create(path);
        var header = new byte[4 + 4 * sizes.Length];
        BinaryPrimitives.WriteInt32BigEndian(header, 0x0800 | sizes.Length); // unsigned bytes, so many axes
        for (var axis = 0; axis < sizes.Length; axis++)
            BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(4 + 4 * axis), sizes[axis]);
        file.Write(header);
        return file;
    }
}
