using System.Buffers;
using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using OnnxKd.Core.Tensors;

namespace OnnxKd.Core.LogitCaches;

/// <summary>
/// At each position the largest values with their classes, and for each temperature T the logarithm of the mass that was dropped,
/// log Σ exp(v ÷ T) over the dropped values v: with it the softmax at T of the kept classes is exact, and nothing is renormalised.
/// </summary>
/// <param name="K">
/// How many values are kept, in [1, classes]: <c>ids</c> (best first; of equal values the lower class first) and <c>logits</c> (float16).
/// </param>
/// <param name="Temperatures">
/// For which T the <c>tail</c> (float32, in this order) is stored: above 0 and ascending. Empty: no tail, and the kept classes are taken
/// for all there is. There is no tail where K is the number of classes, since nothing is dropped.
/// </param>
public sealed record TopK(int K, IReadOnlyList<double> Temperatures) : StreamStorage
{
    internal const string TypeName = "top-k";

    private const int MaxTemperatures = 64;

    /// <summary>Stands for no mass: the smallest float16.</summary>
    private static readonly float Nothing = (float)Half.MinValue;

    /// <inheritdoc/>
    public override string Name => TypeName;

    /// <inheritdoc/>
    public override IReadOnlyList<StorageField> Fields(CacheStream stream)
    {
        StorageField Field(string name, ElementType type, int size) => new(name, type, [.. stream.Shape.SkipLast(1), size]);
        var ids = Field("ids", ClassIds.Type(stream.Classes), K);
        var logits = Field("logits", ElementType.Float16, K);
        return Tails(stream) == 0 ? [ids, logits] : [ids, logits, Field("tail", ElementType.Float32, Tails(stream))];
    }

    /// <inheritdoc/>
    public override int Encode(CacheStream stream, RowKey row, ReadOnlySpan<float> values, Span<byte> stored)
    {
        var bad = FirstBeyond(values, float.MaxValue);
        var (classes, tails) = (stream.Classes, Tails(stream));
        var (idBytes, logitBytes) = Sizes(stream);
        var logits = MemoryMarshal.Cast<byte, Half>(stored.Slice(idBytes, logitBytes));
        var tail = MemoryMarshal.Cast<byte, float>(stored[(idBytes + logitBytes)..]);
        var kept = ArrayPool<int>.Shared.Rent(K);
        var dropped = ArrayPool<float>.Shared.Rent(classes);
        for (var position = 0; bad < 0 && position < stream.Positions; position++)
        {
            var from = values.Slice(position * classes, classes);
            from.CopyTo(dropped);
            TopSelection.Select(from, kept.AsSpan(0, K));
            for (var i = 0; i < K; i++)
            {
                if (Math.Abs(from[kept[i]]) > Float16.Limit)
                    bad = position * classes + kept[i];
                ClassIds.Write(stored, classes, position * K + i, kept[i]);
                logits[position * K + i] = (Half)from[kept[i]];
                dropped[kept[i]] = float.NegativeInfinity;
            }
            for (var t = 0; t < tails; t++)
                tail[position * tails + t] = LogSumExp(dropped.AsSpan(0, classes), Temperatures[t]);
        }
        ArrayPool<int>.Shared.Return(kept);
        ArrayPool<float>.Shared.Return(dropped);
        return bad;
    }

    /// <summary>The dropped classes share the tail's mass at T = 1 evenly (at the smallest T where 1 is not stored).</summary>
    /// <inheritdoc/>
    public override void Decode(CacheStream stream, ReadOnlySpan<byte> stored, Span<float> values)
    {
        var (classes, tails) = (stream.Classes, Tails(stream));
        var (idBytes, logitBytes) = Sizes(stream);
        var logits = MemoryMarshal.Cast<byte, Half>(stored.Slice(idBytes, logitBytes));
        var tail = MemoryMarshal.Cast<byte, float>(stored[(idBytes + logitBytes)..]);
        var one = 0;
        for (var t = 0; t < tails; t++)
            one = Temperatures[t] == 1 ? t : one;
        for (var position = 0; position < stream.Positions; position++)
        {
            var to = values.Slice(position * classes, classes);
            to.Fill(tails == 0
                ? Nothing
                : (float)(Temperatures[one] * (tail[position * tails + one] - Math.Log(classes - K))));
            for (var i = position * K; i < (position + 1) * K; i++)
                to[ClassIds.Read(stored, classes, i)] = (float)logits[i];
        }
    }

    /// <summary>Equality of both settings.</summary>
    public bool Equals(TopK? other) => other is not null && K == other.K && Temperatures.SequenceEqual(other.Temperatures);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(K, Temperatures.Count);

    /// <inheritdoc/>
    internal override string? Problem(CacheStream stream)
    {
        if (stream.Kind == StreamKind.Feature)
            return "features have no classes to choose from";
        if (K < 1 || K > stream.Classes)
            return $"k is {K}, which is not in 1 to {stream.Classes}";
        if (Temperatures.Count > MaxTemperatures || Temperatures.Any(t => !(t > 0) || !double.IsFinite(t))
            || Temperatures.Zip(Temperatures.Skip(1)).Any(pair => pair.First >= pair.Second))
            return $"the temperatures {Shapes.Format(Temperatures)} are not ascending, above 0, and at most {MaxTemperatures}";
        return null;
    }

    private int Tails(CacheStream stream) => K < stream.Classes ? Temperatures.Count : 0;

    private (int Ids, int Logits) Sizes(CacheStream stream)
    {
        var kept = stream.Positions * K;
        return (kept * ClassIds.Type(stream.Classes).Size(), kept * ElementType.Float16.Size());
    }

    private static float LogSumExp(ReadOnlySpan<float> values, double temperature)
    {
        var largest = TensorPrimitives.Max(values);
        var scaled = ArrayPool<float>.Shared.Rent(values.Length);
        var shares = scaled.AsSpan(0, values.Length);
        TensorPrimitives.Subtract(values, largest, shares);
        TensorPrimitives.Multiply(shares, (float)(1 / temperature), shares);
        TensorPrimitives.Exp(shares, shares);
        var sum = TensorPrimitives.Sum<float>(shares);
        ArrayPool<float>.Shared.Return(scaled);
        return (float)Math.Max(float.MinValue, largest / temperature + Math.Log(sum));
    }
}
