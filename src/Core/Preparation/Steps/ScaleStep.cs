using OnnxKd.Core.Randomness;
using OnnxKd.Core.TransferSets;

namespace OnnxKd.Core.Preparation.Steps;

/// <summary>Enlarges or reduces about the centre, bilinearly ("zoom"), by a factor uniform over an interval. Draws: the factor.</summary>
/// <param name="Factor">Above 1 enlarges.</param>
/// <param name="Fill">The stored value of what lies outside the sample; default 0.</param>
public sealed record ScaleStep(Interval Factor, double Fill = 0) : SampleStep(Kind)
{
    internal const string Kind = "scale";

    /// <inheritdoc/>
    public override bool IsGeometric => true;

    /// <inheritdoc/>
    internal override SampleStep ForLabels => this with { Fill = SampleLabels.Unknown };

    /// <inheritdoc/>
    public override StepProblem? Problem() => StepRules.Positive("factor", Factor) ?? StepRules.Finite("fill", Fill);

    /// <inheritdoc/>
    internal override void Apply(Span<float> sample, Span<float> scratch, SampleLayout layout, ref CounterRandom random)
    {
        var step = 1 / random.NextUniform(Factor.From, Factor.To);
        var (y, x) = ((layout.Height - 1) / 2.0, (layout.Width - 1) / 2.0);
        Bilinear.Move(sample, scratch, layout, new(step, 0, y - step * y, 0, step, x - step * x), (float)Fill);
    }
}
