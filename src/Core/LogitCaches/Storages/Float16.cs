using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using OnnxKd.Core.Tensors;

namespace OnnxKd.Core.LogitCaches;

/// <summary>Every value as IEEE 754 binary16, rounded to nearest: half the bytes, relative error up to 2⁻¹¹, values below 65,520.</summary>
public sealed record Float16 : DenseStorage
{
    internal const string TypeName = "float16";

    /// <summary>The largest value that does not round to infinity.</summary>
    internal static readonly float Limit = MathF.BitDecrement(65520);

    /// <inheritdoc/>
    public override string Name => TypeName;

    /// <inheritdoc/>
    public override IReadOnlyList<StorageField> Fields(CacheStream stream) => [new("values", ElementType.Float16, stream.Shape)];

    /// <inheritdoc/>
    public override int Encode(CacheStream stream, RowKey row, ReadOnlySpan<float> values, Span<byte> stored)
    {
        TensorPrimitives.ConvertToHalf(values, MemoryMarshal.Cast<byte, Half>(stored));
        return FirstBeyond(values, Limit);
    }

    /// <inheritdoc/>
    public override void Decode(CacheStream stream, ReadOnlySpan<byte> stored, Span<float> values) =>
        Elements.ToSingle(stored, ElementType.Float16, values);
}
