using OnnxKd.Core.Randomness;

namespace OnnxKd.Core.Preparation.Steps;

/// <summary>Limits every value: what colour or noise moved beyond the range of stored values comes back. Draws: nothing.</summary>
/// <param name="Range">The lowest and the highest value.</param>
public sealed record ClampStep(Interval Range) : SampleStep(Kind)
{
    internal const string Kind = "clamp";

    /// <inheritdoc/>
    internal override bool NeedsPlane => false;

    /// <inheritdoc/>
    public override StepProblem? Problem() =>
        StepRules.Finite("range.from", Range.From) ?? StepRules.Finite("range.to", Range.To)
        ?? (Range.From <= Range.To ? null : new("range", $"{Range}", "[from, to] with from ≤ to"));

    /// <inheritdoc/>
    internal override void Apply(Span<float> sample, Span<float> scratch, SampleLayout layout, ref CounterRandom random)
    {
        var (from, to) = ((float)Range.From, (float)Range.To);
        foreach (ref var value in sample)
            value = Math.Clamp(value, from, to);
    }
}
