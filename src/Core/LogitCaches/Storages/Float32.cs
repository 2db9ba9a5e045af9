using System.Runtime.InteropServices;
using OnnxKd.Core.Tensors;

namespace OnnxKd.Core.LogitCaches;

/// <summary>Every value as it came.</summary>
public sealed record Float32 : DenseStorage
{
    internal const string TypeName = "float32";

    /// <inheritdoc/>
    public override string Name => TypeName;

    /// <inheritdoc/>
    public override IReadOnlyList<StorageField> Fields(CacheStream stream) => [new("values", ElementType.Float32, stream.Shape)];

    /// <inheritdoc/>
    public override int Encode(CacheStream stream, RowKey row, ReadOnlySpan<float> values, Span<byte> stored)
    {
        MemoryMarshal.AsBytes(values).CopyTo(stored);
        return FirstBeyond(values, float.MaxValue);
    }

    /// <inheritdoc/>
    public override void Decode(CacheStream stream, ReadOnlySpan<byte> stored, Span<float> values) =>
        stored.CopyTo(MemoryMarshal.AsBytes(values));
}
