using OnnxKd.Core.Errors;
using OnnxKd.Core.Tensors;

namespace OnnxKd.Core.TransferSets;

/// <summary>
/// Which positions (frames, tokens) of a model's output count for each sample of a set: those that cover an entry of the padded axis that is content, which
/// are the first ceil(length × positions ÷ size of the axis) where a set has lengths, and any where it has a mask; but at least the first one. All of
/// them where a set has neither.
/// </summary>
internal sealed class CountedPositions
{
    private readonly TransferSet set;
    private readonly SampleLengths? lengths;

    /// <summary>Relates the lengths of a set to an output.</summary>
    /// <param name="set">The set.</param>
    /// <param name="shape">What the output holds for a sample: [positions..., classes].</param>
    /// <exception cref="InputException">The set has lengths, and the output has several axes of positions.</exception>
    public CountedPositions(TransferSet set, IReadOnlyList<int> shape)
    {
        this.set = set;
        Positions = shape.SkipLast(1).Aggregate(1, (product, size) => checked(product * size));
        lengths = Positions > 1 ? set.Lengths : null;
        RequireOneAxis(set, shape);
    }

    /// <summary>Refuses an output whose positions the lengths of samples say nothing of.</summary>
    /// <inheritdoc cref="CountedPositions(TransferSet, IReadOnlyList{int})"/>
    public static void RequireOneAxis(TransferSet set, IReadOnlyList<int> shape)
    {
        if (set.Lengths is not null && shape.SkipLast(1).Count(size => size > 1) > 1)
            throw new InputException(
                "Lengths of samples are for outputs with one axis of frames.",
                where: set.Name,
                found: $"{Shapes.Format(shape)} for each sample",
                expected: "[frames, classes]",
                remedy: "leave the lengths out");
    }

    /// <summary>Positions of each sample, those that do not count included.</summary>
    public int Positions { get; }

    /// <summary>Whether all positions of all samples count.</summary>
    public bool AreAll => lengths is null;

    /// <summary>How many count.</summary>
    /// <param name="row">The sample's row in the set.</param>
    public int Of(long row)
    {
        if (lengths is null or { AreFromTheStart: true })
            return lengths is null ? Positions : Math.Max(1, (int)(((long)lengths[row] * Positions + lengths.Size - 1) / lengths.Size));
        var count = 0;
        for (var position = 0; position < Positions; position++)
            count += Covers(row, position) ? 1 : 0;
        return Math.Max(1, count);
    }

    /// <summary>Whether a position counts.</summary>
    /// <param name="row">The sample's row in the set.</param>
    /// <param name="position">The position, from 0.</param>
    public bool Counts(long row, int position) => lengths is null || Covers(row, position) || position == 0 && lengths[row] == 0;

    /// <summary>The labels of what counts, where the set has one for each position.</summary>
    /// <param name="first">The first row.</param>
    /// <param name="rows">How many rows.</param>
    public ReadOnlySpan<int> Labels(long first, int rows)
    {
        var labels = new int[rows * Positions];
        set.ReadLabels(first, labels);
        return Keep<int>(first, labels, 1);
    }

    /// <summary>Leaves out what does not count.</summary>
    /// <param name="first">The first row.</param>
    /// <param name="values">Rows × positions × some values.</param>
    /// <param name="width">Values at each position.</param>
    public ReadOnlySpan<T> Keep<T>(long first, ReadOnlySpan<T> values, int width)
    {
        if (AreAll)
            return values;
        var (kept, length) = (new T[values.Length], 0);
        for (int start = 0, row = 0; start < values.Length; start += Positions * width, row++)
            for (var position = 0; position < Positions; position++)
                if (Counts(first + row, position))
                {
                    values.Slice(start + position * width, width).CopyTo(kept.AsSpan(length));
                    length += width;
                }
        return kept.AsSpan(0, length);
    }

    /// <summary>Whether one of the entries that a position stands for is content.</summary>
    private bool Covers(long row, int position)
    {
        var size = (long)lengths!.Size;
        return lengths.Any(row, (int)(position * size / Positions), (int)(((position + 1) * size + Positions - 1) / Positions));
    }
}
