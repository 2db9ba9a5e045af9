using OnnxKd.Core.Randomness;
using OnnxKd.Core.Settings;

namespace OnnxKd.Core.Preparation.Steps;

/// <summary>Limits every value: what colour or noise moved beyond the range of stored values comes back. Draws: nothing.</summary>
/// <param name="Range">The lowest and the highest value.</param>
public sealed record ClampStep(
    [property: Setting("lowest and highest value", IsRequired = true)] Interval Range) : SampleStep(Kind)
{
    internal const string Kind = "clamp";

    /// <summary>The defaults of recipes.</summary>
    internal ClampStep()
        : this(new Interval(0, 0))
    {
    }

    /// <inheritdoc/>
    internal override bool NeedsPlane => false;

    /// <inheritdoc/>
    internal override void Apply(Span<float> sample, Span<float> scratch, SampleLayout layout, ref CounterRandom random)
    {
        var (from, to) = ((float)Range.From, (float)Range.To);
        foreach (ref var value in sample)
            value = Math.Clamp(value, from, to);
    }
}
