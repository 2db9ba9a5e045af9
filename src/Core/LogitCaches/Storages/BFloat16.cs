using System.Runtime.InteropServices;
using OnnxKd.Core.Tensors;

namespace OnnxKd.Core.LogitCaches;

/// <summary>The upper half of every float32, rounded to nearest even: half the bytes, the full range, relative error up to 2⁻⁸.</summary>
public sealed record BFloat16 : DenseStorage
{
    internal const string TypeName = "bfloat16";

    /// <summary>The largest value that does not round to infinity.</summary>
    private static readonly float Limit = BitConverter.UInt32BitsToSingle(0x7F7F_7FFF);

    /// <inheritdoc/>
    public override string Name => TypeName;

    /// <inheritdoc/>
    public override IReadOnlyList<StorageField> Fields(CacheStream stream) => [new("values", ElementType.BFloat16, stream.Shape)];

    /// <inheritdoc/>
    public override int Encode(CacheStream stream, RowKey row, ReadOnlySpan<float> values, Span<byte> stored)
    {
        var rounded = MemoryMarshal.Cast<byte, ushort>(stored);
        for (var i = 0; i < values.Length; i++)
            rounded[i] = Elements.ToBFloat16(values[i]);
        return FirstBeyond(values, Limit);
    }

    /// <inheritdoc/>
    public override void Decode(CacheStream stream, ReadOnlySpan<byte> stored, Span<float> values) =>
        Elements.ToSingle(stored, ElementType.BFloat16, values);
}
