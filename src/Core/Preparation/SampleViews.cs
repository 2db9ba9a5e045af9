using OnnxKd.Core.Preparation.Steps;
using OnnxKd.Core.Randomness;
using OnnxKd.Core.TransferSets;

namespace OnnxKd.Core.Preparation;

/// <summary>What a view consists of.</summary>
/// <param name="Partner">The row of the sample that is mixed in; the row itself where nothing is.</param>
/// <param name="Lambda">The share of the sample itself, 0 to 1; the partner's is 1 − λ, for labels as for values.</param>
public readonly record struct SamplePair(long Partner, float Lambda);

/// <summary>Makes the random views of a set's samples. Thread-safe.</summary>
internal sealed class SampleViews
{
    private readonly TransferSet set;
    private readonly SampleStep[] steps;
    private readonly PairStep? pair;
    private readonly SampleLayout layout;
    private readonly ulong seed;

    /// <summary>Checks that the augmentation fits the samples.</summary>
    public SampleViews(TransferSet set, Augmentation augmentation, ulong seed)
    {
        augmentation.Validate(set.SampleShape);
        this.set = set;
        this.seed = seed;
        steps = [.. augmentation.Steps.OfType<SampleStep>()];
        pair = augmentation.Pair;
        layout = SampleLayout.Of(set.SampleShape, augmentation.ChannelAxis);
        Labels = new(set, augmentation, layout);
        ScratchElements = augmentation.IsNone ? 0 : augmentation.MixesPairs ? 2 * set.SampleElements : set.SampleElements;
    }

    /// <summary>How many values <see cref="Apply"/> needs to work in.</summary>
    public int ScratchElements { get; }

    /// <summary>How labels follow.</summary>
    public LabelViews Labels { get; }

    /// <summary>Makes a view of a sample in place.</summary>
    /// <param name="row">The sample's row.</param>
    /// <param name="view">Which view.</param>
    /// <param name="sample">Its values as stored.</param>
    /// <param name="scratch"><see cref="ScratchElements"/> values to work in.</param>
    /// <param name="labels">Room for the labels of the sample; empty: they are not wanted.</param>
    /// <param name="partnerLabels">Room for those of the sample that is mixed in; those of the sample itself where none is.</param>
    public void Apply(
        long row, uint view, Span<float> sample, Span<float> scratch, Span<float> labels = default, Span<float> partnerLabels = default)
    {
        if (!labels.IsEmpty)
            Labels.Read(row, labels);
        if (ScratchElements == 0)
            return;
        var work = scratch[..sample.Length];
        ApplySteps(row, view, sample, work, labels);
        if (pair is null)
            return;
        labels.CopyTo(partnerLabels);
        var (partnerRow, mixture) = DrawPair(pair, row, view);
        if (mixture.Lambda == 1)
            return;
        var partner = scratch.Slice(sample.Length, sample.Length);
        set.Read([partnerRow], partner);
        if (!labels.IsEmpty)
            Labels.Read(partnerRow, partnerLabels);
        ApplySteps(partnerRow, view, partner, work, partnerLabels);
        pair.Mix(sample, partner, layout, mixture);
        Labels.Mix(labels, partnerLabels, mixture);
    }

    /// <summary>What a view of a sample is mixed from.</summary>
    public SamplePair PairOf(long row, uint view)
    {
        if (pair is null)
            return new(row, 1);
        var (partner, mixture) = DrawPair(pair, row, view);
        return new(partner, mixture.Lambda);
    }

    private void ApplySteps(long row, uint view, Span<float> sample, Span<float> work, Span<float> labels)
    {
        var random = new CounterRandom(seed, RandomPurpose.Augmentation, (ulong)set.IdOf(row), view);
        foreach (var step in steps)
        {
            var draws = random;
            step.Apply(sample, work, layout, ref random);
            Labels.Follow(labels, work, step, draws);
        }
    }

    private (long Partner, Mixture Mixture) DrawPair(PairStep step, long row, uint view)
    {
        var random = new CounterRandom(seed, RandomPurpose.Pairs, (ulong)set.IdOf(row), view);
        if (!random.NextChance(step.Probability))
            return (row, new(1));
        var partner = random.NextIndex(set.Count);
        return (partner, step.Draw(layout, ref random));
    }
}
