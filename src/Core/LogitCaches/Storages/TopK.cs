using System.Buffers;
using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using OnnxKd.Core.Logits;
using OnnxKd.Core.Settings;
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
public sealed record TopK(
    [property: Setting("values kept at each position", Key = TopK.TypeName, AtLeast = 1, IsRequired = true)] int K,
    [property: Setting("those of the objective; `none`: the dropped classes leave no trace", Above = 0, CanBeEmpty = true)]
    IReadOnlyList<double> Temperatures) : StreamStorage
{
    internal const string TypeName = "top-k";

    private const int MaxTemperatures = 64;

    /// <summary>The defaults of recipes.</summary>
    internal TopK()
        : this(1, [1])
    {
    }

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

    /// <summary>
    /// Values at a position whose classes were picked where the teacher ran: K ids (whole numbers), their K logits in the order of
    /// <c>ids</c>, and the tail at each temperature.
    /// </summary>
    public int PickedValues => 2 * K + Temperatures.Count;

    /// <summary>Encodes one row: of all its values, or picked ones (<see cref="PickedValues"/> at each position) where those are fewer.</summary>
    /// <inheritdoc/>
    /// <exception cref="ArgumentException">A picked id is not a class.</exception>
    public override int Encode(CacheStream stream, RowKey row, ReadOnlySpan<float> values, Span<byte> stored) =>
        values.Length == stream.Values ? EncodeAll(stream, values, stored) : EncodePicked(stream, values, stored);

    /// <summary>Which position and class one of a row's picked values belongs to.</summary>
    /// <param name="picked">The row.</param>
    /// <param name="index">The value's index.</param>
    /// <returns>The position and the class; no class for a tail, which stands for all that were dropped.</returns>
    public (int Position, int? Class) PlaceOf(ReadOnlySpan<float> picked, int index)
    {
        var (position, at) = Math.DivRem(index, PickedValues);
        return (position, at < 2 * K ? (int)picked[position * PickedValues + at % K] : null);
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
        if (stream.Kind.Output() != OutputKind.Classes)
            return "it has no classes to choose from";
        if (K < 1 || K > stream.Classes)
            return $"k is {K}, which is not in 1 to {stream.Classes}";
        if (Temperatures.Count > MaxTemperatures || Temperatures.Any(t => !(t > 0) || !double.IsFinite(t))
            || Temperatures.Zip(Temperatures.Skip(1)).Any(pair => pair.First >= pair.Second))
            return $"the temperatures {Shapes.Format(Temperatures)} are not ascending, above 0, and at most {MaxTemperatures}";
        return null;
    }

    /// <inheritdoc/>
    internal override bool Takes(CacheStream stream, int values) =>
        base.Takes(stream, values) || (PickedValues < stream.Classes && values == stream.Positions * PickedValues);

    private int EncodeAll(CacheStream stream, ReadOnlySpan<float> values, Span<byte> stored)
    {
        var classes = stream.Classes;
        var tail = new float[Tails(stream)];
        var best = new int[tail.Length > 0 ? K + 1 : K]; // the kept classes, and the best of those that are dropped
        var scratch = ArrayPool<float>.Shared.Rent(2 * classes);
        try
        {
            for (var position = 0; position < stream.Positions; position++)
                if (Encode(stream, position, values.Slice(position * classes, classes), best, tail, scratch, stored) is >= 0 and var bad)
                    return position * classes + bad;
            return -1;
        }
        finally
        {
            ArrayPool<float>.Shared.Return(scratch);
        }
    }

    /// <summary>Encodes a position.</summary>
    /// <returns>Which value cannot be stored; -1 if all were.</returns>
    private int Encode(
        CacheStream stream, int position, ReadOnlySpan<float> values, Span<int> best, Span<float> tail, Span<float> scratch, Span<byte> stored)
    {
        if (FirstBeyond(values, float.MaxValue) is >= 0 and var bad)
            return bad;
        TopSelection.Select(values, best);
        var kept = best[..K];
        if (tail.Length > 0)
            SumDropped(values, kept, values[best[K]], scratch, tail);
        var logits = scratch[..K];
        for (var i = 0; i < K; i++)
            logits[i] = values[kept[i]];
        return Write(stream, position, kept, logits, tail, stored) is >= 0 and var tooLarge ? kept[tooLarge] : -1;
    }

    /// <summary>For each temperature T log Σ exp(v ÷ T) over the values v that are not kept.</summary>
    /// <param name="values">All values of a position.</param>
    /// <param name="kept">Which are kept.</param>
    /// <param name="largest">The largest of the others.</param>
    /// <param name="scratch">At least twice as long as the values; overwritten.</param>
    /// <param name="tail">The results.</param>
    private void SumDropped(ReadOnlySpan<float> values, ReadOnlySpan<int> kept, float largest, Span<float> scratch, Span<float> tail)
    {
        var shifted = scratch[..values.Length];
        var shares = scratch.Slice(values.Length, values.Length);
        TensorPrimitives.Subtract(values, largest, shifted);
        foreach (var id in kept)
            shifted[id] = float.NegativeInfinity;
        for (var t = 0; t < tail.Length; t++)
        {
            TensorPrimitives.Multiply(shifted, (float)(1 / Temperatures[t]), shares);
            TensorPrimitives.Exp<float>(shares, shares);
            tail[t] = (float)Math.Max(float.MinValue, largest / Temperatures[t] + Math.Log(OrderedSums.Sum(shares)));
        }
    }

    private int EncodePicked(CacheStream stream, ReadOnlySpan<float> picked, Span<byte> stored)
    {
        var bad = FirstBeyond(picked, float.MaxValue);
        var ids = new int[K];
        for (var position = 0; bad < 0 && position < stream.Positions; position++)
        {
            var from = picked.Slice(position * PickedValues, PickedValues);
            for (var i = 0; i < K; i++)
                ids[i] = from[i] >= 0 && from[i] < stream.Classes
                    ? (int)from[i]
                    : throw new ArgumentException($"{from[i]} is not one of {stream.Classes} classes.", nameof(picked));
            if (Write(stream, position, ids, from.Slice(K, K), from[(2 * K)..], stored) is >= 0 and var tooLarge)
                bad = position * PickedValues + K + tooLarge;
        }
        return bad;
    }

    /// <summary>Writes a position.</summary>
    /// <returns>Which of the logits is too large; -1 if none is.</returns>
    private int Write(
        CacheStream stream, int position, ReadOnlySpan<int> ids, ReadOnlySpan<float> logits, ReadOnlySpan<float> tail, Span<byte> stored)
    {
        var (idBytes, logitBytes) = Sizes(stream);
        for (var i = 0; i < K; i++)
            ClassIds.Write(stored, stream.Classes, position * K + i, ids[i]);
        TensorPrimitives.ConvertToHalf(logits, MemoryMarshal.Cast<byte, Half>(stored.Slice(idBytes, logitBytes)).Slice(position * K, K));
        tail.CopyTo(MemoryMarshal.Cast<byte, float>(stored[(idBytes + logitBytes)..])[(position * tail.Length)..]);
        return FirstBeyond(logits, Float16.Limit);
    }

    private int Tails(CacheStream stream) => K < stream.Classes ? Temperatures.Count : 0;

    private (int Ids, int Logits) Sizes(CacheStream stream)
    {
        var kept = stream.Positions * K;
        return (kept * ClassIds.Type(stream.Classes).Size(), kept * ElementType.Float16.Size());
    }
}
