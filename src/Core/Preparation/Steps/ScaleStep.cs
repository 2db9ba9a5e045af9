using OnnxKd.Core.Randomness;
using OnnxKd.Core.Settings;
using OnnxKd.Core.TransferSets;

namespace OnnxKd.Core.Preparation.Steps;

/// <summary>Enlarges or reduces about the centre, bilinearly ("zoom"), by a factor uniform over an interval. Draws: the factor.</summary>
/// <param name="Factor">Above 1 enlarges.</param>
/// <param name="Fill">The stored value of what lies outside the sample; default 0.</param>
public sealed record ScaleStep(
    [property: Setting("above 1 enlarges", Above = 0, AtMost = 1e6, IsRequired = true)] Interval Factor,
    [property: Setting("stored value of what lies outside the sample")] double Fill = 0) : SampleStep(Kind)
{
    internal const string Kind = "scale";

    /// <summary>The defaults of recipes.</summary>
    internal ScaleStep()
        : this(new Interval(1, 1))
    {
    }

    /// <inheritdoc/>
    public override bool IsGeometric => true;

    /// <inheritdoc/>
    internal override SampleStep ForLabels => this with { Fill = SampleLabels.Unknown };

    /// <inheritdoc/>
    internal override void Apply(Span<float> sample, Span<float> scratch, SampleLayout layout, ref CounterRandom random)
    {
        var step = 1 / random.NextUniform(Factor.From, Factor.To);
        var (y, x) = ((layout.Height - 1) / 2.0, (layout.Width - 1) / 2.0);
        Bilinear.Move(sample, scratch, layout, new(step, 0, y - step * y, 0, step, x - step * x), (float)Fill);
    }
}
