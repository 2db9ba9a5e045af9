using OnnxKd.Core.Randomness;
using OnnxKd.Core.Settings;

namespace OnnxKd.Core.Preparation.Steps;

/// <summary>Mirrors. Draws: whether left and right, then whether top and bottom change places.</summary>
/// <param name="Horizontal">The probability that left and right do.</param>
/// <param name="Vertical">The probability that top and bottom do; default 0.</param>
public sealed record FlipStep(
    [property: Setting("probability that left and right change places", AtLeast = 0, AtMost = 1)] double Horizontal,
    [property: Setting("probability that top and bottom do", AtLeast = 0, AtMost = 1)] double Vertical = 0) : SampleStep(Kind)
{
    internal const string Kind = "flip";

    /// <summary>The defaults of recipes.</summary>
    internal FlipStep()
        : this(0)
    {
    }

    /// <inheritdoc/>
    public override bool IsGeometric => true;

    /// <inheritdoc/>
    internal override SampleStep ForLabels => this;

    /// <inheritdoc/>
    internal override void Apply(Span<float> sample, Span<float> scratch, SampleLayout layout, ref CounterRandom random)
    {
        var (horizontal, vertical) = (random.NextChance(Horizontal), random.NextChance(Vertical));
        if (horizontal)
            for (var row = 0; row < sample.Length; row += layout.RowLength)
                Reverse(sample.Slice(row, layout.RowLength), layout.Depth);
        if (vertical)
            for (var block = 0; block < sample.Length; block += layout.BlockLength)
                Reverse(sample.Slice(block, layout.BlockLength), layout.RowLength);
    }

    /// <summary>Reverses the order of groups of values.</summary>
    private static void Reverse(Span<float> values, int group)
    {
        values.Reverse();
        if (group > 1)
            for (var start = 0; start < values.Length; start += group)
                values.Slice(start, group).Reverse();
    }
}
