using System.Buffers;
using OnnxKd.Core.Errors;
using OnnxKd.Core.TransferSets;

namespace OnnxKd.Core.Preparation;

/// <summary>
/// The one path from stored samples to a model's input, used by teachers and students alike: read, augment (as stored), preprocess.
/// Thread-safe.
/// </summary>
public sealed class SampleReader
{
    private readonly SampleViews views;

    // Of each element of a sample, whatever the channel axis.
    private readonly ChannelSteps steps;
    private readonly bool isIdentity;

    /// <summary>Checks that preprocessing and augmentation fit the sample shape.</summary>
    /// <param name="set">What is read.</param>
    /// <param name="preprocessing">What the model expects.</param>
    /// <param name="augmentation">Random changes, or none.</param>
    /// <param name="seed">The seed of the random views.</param>
    /// <exception cref="Errors.InputException">They do not.</exception>
    public SampleReader(TransferSet set, Preprocessing preprocessing, Augmentation augmentation, ulong seed)
    {
        preprocessing.Validate(set.SampleShape);
        views = new(set, augmentation, seed);
        Set = set;

        steps = preprocessing.Steps().Spread(set.SampleElements, set.SampleShape.Skip(preprocessing.ChannelAxis + 1).Aggregate(1, (product, size) => product * size));
        RequirePartsKept(set);
        isIdentity = steps.Keep(0, set.SampleElements);
    }

    /// <summary>Reads samples as they are stored, and preprocesses them.</summary>
    /// <param name="set">What is read.</param>
    /// <param name="preprocessing">What the model expects.</param>
    /// <exception cref="Errors.InputException">It does not fit the sample shape.</exception>
    public static SampleReader Of(TransferSet set, Preprocessing preprocessing) => new(set, preprocessing, Augmentation.None, seed: 0);

    /// <summary>The set that is read.</summary>
    public TransferSet Set { get; }

    /// <summary>Labels of each sample.</summary>
    public int LabelPositions => views.Labels.Positions;

    /// <summary>Whether positions have labels of two samples, so that partners and shares are needed.</summary>
    public bool MixesLabels => views.Labels.MixesPairs;

    /// <summary>Checks that labels can follow the views.</summary>
    /// <exception cref="Errors.InputException">The augmentation moves pixels, and labels are for other positions.</exception>
    public void RequireLabelsFollow() => views.Labels.Require();

    /// <summary>Reads rows in the order asked for.</summary>
    /// <param name="rows">Row indices of the set.</param>
    /// <param name="view">Which random view of each sample: a view of a cache, or the epoch.</param>
    /// <param name="destination">At least <c>rows.Length × SampleElements</c> values.</param>
    /// <param name="labels">Room for labels, if they are wanted.</param>
    /// <exception cref="Errors.InputException">A sample holds a value that is no finite number.</exception>
    public void Read(ReadOnlySpan<long> rows, uint view, Span<float> destination, RowLabels labels = default)
    {
        destination = destination[..(rows.Length * Set.SampleElements)];
        Set.Read(rows, destination);
        FiniteValues.Require(Set, rows, destination);
        var wanted = labels.Classes.IsEmpty ? 0 : LabelPositions;
        var scratch = ArrayPool<float>.Shared.Rent(views.ScratchElements + 2 * wanted);
        var own = scratch.AsSpan(views.ScratchElements, wanted);
        var partner = scratch.AsSpan(views.ScratchElements + wanted, wanted);
        try
        {
            for (var i = 0; i < rows.Length; i++)
            {
                var sample = destination.Slice(i * Set.SampleElements, Set.SampleElements);
                views.Apply(rows[i], view, sample, scratch, own, partner);
                if (wanted > 0)
                    Write(own, labels.Classes[(i * wanted)..]);
                if (!labels.Shares.IsEmpty)
                {
                    Write(partner, labels.Partners[(i * wanted)..]);
                    labels.Shares.Slice(i * wanted, wanted).Fill(PairOf(rows[i], view).Lambda);
                }
                if (!isIdentity)
                    steps.Apply(sample);
            }
        }
        finally
        {
            ArrayPool<float>.Shared.Return(scratch);
        }
    }

    /// <summary>Which samples a view is mixed from, and in which shares; labels are mixed in the same ones.</summary>
    /// <param name="row">A row of the set.</param>
    /// <param name="view">Which random view.</param>
    /// <returns>The row itself with share 1 if the view is not mixed.</returns>
    public SamplePair PairOf(long row, uint view) => views.PairOf(row, view);

    /// <summary>Token ids, masks and texts are names of things: scaled or moved, they would be names of other things.</summary>
    private void RequirePartsKept(TransferSet set)
    {
        foreach (var part in set.SampleShape.Parts.Where(part => !set.SampleShape.IsAmount(part)))
            for (var i = part.Offset; i < part.Offset + part.Elements; i++)
                if (!steps.Keep(i, 1))
                    throw new InputException(
                        "Preprocessing would change what is no amount: texts, token ids or a mask.", $"{set.Name}, input '{part.Name}'", steps.IsLog[i] ? "its logarithm" : $"value × {steps.Factors[i]} + {steps.Summands[i]}",
                        "the value as it is stored", "set preprocessing under 'student', where 'fit' leaves it out");
    }

    private static void Write(ReadOnlySpan<float> labels, Span<long> destination)
    {
        for (var i = 0; i < labels.Length; i++)
            destination[i] = (long)labels[i];
    }
}
