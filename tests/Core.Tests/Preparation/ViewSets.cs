using OnnxKd.Core.TransferSets;

namespace OnnxKd.Core.Tests.Preparation;

/// <summary>Sets to make views of.</summary>
internal static class ViewSets
{
    /// <summary>The byte at a place of the whole set.</summary>
    public static byte Stored(int index) => (byte)(index % 251);

    /// <summary>A set of bytes that count up (modulo 251), of a shape whose first axis is the samples.</summary>
    public static TransferSet Bytes(TemporaryFolder folder, params int[] shape)
    {
        var elements = shape.Aggregate(1, (product, size) => product * size);
        byte[] header = [0, 0, 8, (byte)shape.Length, .. shape.SelectMany(size => new byte[] { 0, 0, (byte)(size >> 8), (byte)size })];
        return TransferSet.Open(new() { Samples = folder.Write("set", [.. header, .. Enumerable.Range(0, elements).Select(Stored)]) });
    }
}
