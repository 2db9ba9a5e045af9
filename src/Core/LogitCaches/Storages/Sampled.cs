using System.Buffers;
using System.Buffers.Binary;
using System.Numerics.Tensors;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Logits;
using OnnxKd.Core.Randomness;
using OnnxKd.Core.Settings;
using OnnxKd.Core.Tensors;

namespace OnnxKd.Core.LogitCaches;

/// <summary>
/// At each position the classes of random draws from the teacher's softened distribution, softmax(v ÷ T), with how often each was drawn:
/// an unbiased estimate of the softened targets (Sparse Logit Sampling, ACL 2025). <c>ids</c> ascend; entries that are not needed are 0
/// with a <c>counts</c> of 0. The draws depend on (seed, sample id, view, position) alone; streams of one cache see the same numbers.
/// </summary>
/// <param name="Draws">Draws per position, in [1, 65,535]; also the room for entries.</param>
/// <param name="Temperature">T, above 0.</param>
public sealed record Sampled(
    [property: Setting("draws at each position", Key = Sampled.TypeName, AtLeast = 1, AtMost = ushort.MaxValue, IsRequired = true)] int Draws,
    [property: Setting("that of the objective", Above = 0)] double Temperature) : StreamStorage
{
    internal const string TypeName = "sampled";

    /// <summary>The most draws per position: they are counted in 16 bits.</summary>
    public const int MaxDraws = ushort.MaxValue;

    /// <summary>The defaults of recipes.</summary>
    internal Sampled()
        : this(1, 1)
    {
    }

    /// <inheritdoc/>
    public override string Name => TypeName;

    private ElementType CountType => Draws <= byte.MaxValue ? ElementType.UInt8 : ElementType.UInt16;

    internal override bool IsDrawn => true;

    /// <inheritdoc/>
    public override IReadOnlyList<StorageField> Fields(CacheStream stream) =>
    [
        new("ids", ClassIds.Type(stream.Classes), [.. stream.Shape.SkipLast(1), Draws]),
        new("counts", CountType, [.. stream.Shape.SkipLast(1), Draws]),
    ];

    /// <inheritdoc/>
    public override int Encode(CacheStream stream, RowKey row, ReadOnlySpan<float> values, Span<byte> stored)
    {
        if (FirstBeyond(values, float.MaxValue) is >= 0 and var bad)
            return bad;
        stored.Clear();
        var classes = stream.Classes;
        var counts = stored[IdBytes(stream)..];
        var random = new CounterRandom(row.Seed, RandomPurpose.Sampling, (ulong)row.Id, (uint)row.View);
        var cumulative = ArrayPool<double>.Shared.Rent(classes);
        var drawn = ArrayPool<int>.Shared.Rent(Draws);
        for (var position = 0; position < stream.Positions; position++)
        {
            Accumulate(values.Slice(position * classes, classes), cumulative.AsSpan(0, classes));
            for (var i = 0; i < Draws; i++)
                drawn[i] = Draw(ref random, cumulative.AsSpan(0, classes));
            Array.Sort(drawn, 0, Draws);
            for (int i = 0, entry = position * Draws, count; i < Draws; i += count, entry++)
            {
                count = drawn.AsSpan(i, Draws - i).LastIndexOf(drawn[i]) + 1;
                ClassIds.Write(stored, classes, entry, drawn[i]);
                WriteCount(counts, entry, count);
            }
        }
        ArrayPool<double>.Shared.Return(cumulative);
        ArrayPool<int>.Shared.Return(drawn);
        return -1;
    }

    /// <summary>
    /// T × log(count ÷ draws), which softmax at T turns into the frequencies; the classes that were not drawn share half a draw.
    /// </summary>
    /// <inheritdoc/>
    public override void Decode(CacheStream stream, ReadOnlySpan<byte> stored, Span<float> values)
    {
        var classes = stream.Classes;
        var counts = stored[IdBytes(stream)..];
        for (var position = 0; position < stream.Positions; position++)
        {
            var first = position * Draws;
            var used = 0;
            while (used < Draws && ReadCount(counts, first + used) > 0)
                used++;
            if (used > classes)
                throw new CheckFailedException(
                    "A logit cache holds more drawn classes than there are.", found: $"{used}", expected: $"at most {classes}",
                    remedy: "capture the cache again");
            var to = values.Slice(first / Draws * classes, classes);
            to.Fill((float)(Temperature * Math.Log(0.5 / Draws / Math.Max(1, classes - used))));
            for (var i = first; i < first + used; i++)
                to[ClassIds.Read(stored, classes, i)] = (float)(Temperature * Math.Log((double)ReadCount(counts, i) / Draws));
        }
    }

    /// <inheritdoc/>
    internal override string? Problem(CacheStream stream)
    {
        if (stream.Kind.Output() != OutputKind.Classes)
            return "it has no classes to draw from";
        if (Draws is < 1 or > MaxDraws)
            return $"draws is {Draws}, which is not in 1 to {MaxDraws}";
        return Temperature > 0 && double.IsFinite(Temperature) ? null : $"the temperature is {Temperature}";
    }

    private void Accumulate(ReadOnlySpan<float> values, Span<double> cumulative)
    {
        var scratch = ArrayPool<float>.Shared.Rent(values.Length);
        var shares = scratch.AsSpan(0, values.Length);
        TensorPrimitives.Subtract(values, TensorPrimitives.Max(values), shares);
        TensorPrimitives.Multiply(shares, (float)(1 / Temperature), shares);
        TensorPrimitives.Exp(shares, shares);
        var sum = 0.0;
        for (var i = 0; i < shares.Length; i++)
            cumulative[i] = sum += shares[i];
        ArrayPool<float>.Shared.Return(scratch);
    }

    /// <summary>The first class whose cumulative share is above a uniform number: one word of the stream for each draw.</summary>
    private static int Draw(ref CounterRandom random, ReadOnlySpan<double> cumulative)
    {
        var target = random.NextUInt32() / (double)(1L << 32) * cumulative[^1];
        var (low, high) = (0, cumulative.Length - 1);
        while (low < high)
        {
            var middle = (low + high) / 2;
            (low, high) = cumulative[middle] > target ? (low, middle) : (middle + 1, high);
        }
        return low;
    }

    private int IdBytes(CacheStream stream) => stream.Positions * Draws * ClassIds.Type(stream.Classes).Size();

    private void WriteCount(Span<byte> counts, int entry, int count)
    {
        if (CountType == ElementType.UInt8)
            counts[entry] = (byte)count;
        else
            BinaryPrimitives.WriteUInt16LittleEndian(counts[(entry * sizeof(ushort))..], (ushort)count);
    }

    private int ReadCount(ReadOnlySpan<byte> counts, int entry) =>
        CountType == ElementType.UInt8 ? counts[entry] : BinaryPrimitives.ReadUInt16LittleEndian(counts[(entry * sizeof(ushort))..]);
}
