using System.Buffers.Binary;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Tensors;

namespace OnnxKd.Core.TransferSets;

/// <summary>
/// The format of the MNIST files (LeCun, Cortes and Burges): two zero bytes, an element type, the number of axes, the axes as big-endian
/// 32-bit integers, then big-endian elements.
/// </summary>
internal static class IdxFormat
{
    public static bool Matches(ReadOnlySpan<byte> head) => head is [0, 0, _, _, ..];

    public static TensorFile Open(SourceFile file)
    {
        var (dataOffset, type, shape) = ReadLayout(file);
        return new(file, dataOffset, file.Length - dataOffset, type, bigEndian: true, shape);
    }

    /// <summary>The length that a file's beginning declares.</summary>
    public static long? LengthOf(SourceFile file) =>
        ReadLayout(file) is var layout && Shapes.TryBytes(layout.Type, layout.Shape, out var bytes) ? layout.DataOffset + bytes : null;

    private static (long DataOffset, ElementType Type, long[] Shape) ReadLayout(SourceFile file)
    {
        var type = file.Head[2] switch
        {
            0x08 => ElementType.UInt8,
            0x09 => ElementType.Int8,
            0x0B => ElementType.Int16,
            0x0C => ElementType.Int32,
            0x0D => ElementType.Float32,
            0x0E => ElementType.Float64,
            var code => throw new InputException(
                "An IDX file has an unknown element type.",
                where: $"{file.Path}, byte 2",
                found: $"0x{code:X2}",
                expected: "0x08 (uint8), 0x09 (int8), 0x0B (int16), 0x0C (int32), 0x0D (float32) or 0x0E (float64)",
                remedy: "check that this is an IDX file"),
        };
        var axes = file.Head[3];
        var dataOffset = 4 + 4 * axes;
        if (dataOffset > file.Length)
            throw new InputException(
                "An IDX file is truncated within its header.",
                where: file.Path,
                found: $"{file.Length} bytes",
                expected: $"at least {dataOffset} bytes for {axes} axes",
                remedy: "fetch it again");
        var header = new byte[4 * axes];
        file.Read(4, header);
        var shape = new long[axes];
        for (var axis = 0; axis < axes; axis++)
            shape[axis] = BinaryPrimitives.ReadUInt32BigEndian(header.AsSpan(4 * axis));
        return (dataOffset, type, shape);
    }
}
