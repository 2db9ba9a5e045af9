using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using OnnxKd.Core.Tensors;

namespace OnnxKd.Core.LogitCaches;

/// <summary>
/// Eight bits a value: <c>codes</c> from −127 to 127, and for each position a <c>scale</c>, its largest magnitude ÷ 127. A value is
/// code × scale, so the error is at most half a scale.
/// </summary>
public sealed record Int8 : DenseStorage
{
    internal const string TypeName = "int8";

    private const int Largest = sbyte.MaxValue;

    /// <inheritdoc/>
    public override string Name => TypeName;

    /// <inheritdoc/>
    public override IReadOnlyList<StorageField> Fields(CacheStream stream) =>
    [
        new("codes", ElementType.Int8, stream.Shape),
        new("scale", ElementType.Float32, [.. stream.Shape.SkipLast(1), 1]),
    ];

    /// <inheritdoc/>
    public override int Encode(CacheStream stream, RowKey row, ReadOnlySpan<float> values, Span<byte> stored)
    {
        var bad = FirstBeyond(values, float.MaxValue);
        var classes = stream.Classes;
        var codes = MemoryMarshal.Cast<byte, sbyte>(stored[..values.Length]);
        var scales = MemoryMarshal.Cast<byte, float>(stored[values.Length..]);
        for (var position = 0; bad < 0 && position < scales.Length; position++)
        {
            var from = values.Slice(position * classes, classes);
            var to = codes.Slice(position * classes, classes);
            var scale = Math.Abs(TensorPrimitives.MaxMagnitude(from)) / Largest;
            scales[position] = scale;
            for (var i = 0; i < classes; i++)
                to[i] = scale > 0 ? (sbyte)Math.Clamp(MathF.Round(from[i] / scale), -Largest, Largest) : (sbyte)0;
        }
        return bad;
    }

    /// <inheritdoc/>
    internal override string? Problem(CacheStream stream) =>
        stream.Kind == StreamKind.Detection || stream.Kind == StreamKind.Value && stream.Classes > 1
            ? "its columns have units of their own, and int8 has one scale for all of them: the small ones would be stored as 0; choose another storage"
            : null;

    /// <inheritdoc/>
    public override void Decode(CacheStream stream, ReadOnlySpan<byte> stored, Span<float> values)
    {
        var classes = stream.Classes;
        var scales = MemoryMarshal.Cast<byte, float>(stored[values.Length..]);
        Elements.ToSingle(stored[..values.Length], ElementType.Int8, values);
        for (var position = 0; position < scales.Length; position++)
        {
            var at = values.Slice(position * classes, classes);
            TensorPrimitives.Multiply(at, scales[position], at);
        }
    }
}
