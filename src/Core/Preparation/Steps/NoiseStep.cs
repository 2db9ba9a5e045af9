using OnnxKd.Core.Randomness;

namespace OnnxKd.Core.Preparation.Steps;

/// <summary>Adds Gaussian noise to every value. Draws: two words for each pair of values.</summary>
/// <param name="Std">The standard deviation, in units of stored values.</param>
public sealed record NoiseStep(double Std) : SampleStep(Kind)
{
    internal const string Kind = "noise";

    /// <inheritdoc/>
    internal override bool NeedsPlane => false;

    /// <inheritdoc/>
    public override StepProblem? Problem() => StepRules.NotNegative("std", Std);

    /// <inheritdoc/>
    internal override void Apply(Span<float> sample, Span<float> scratch, SampleLayout layout, ref CounterRandom random)
    {
        for (var i = 0; i < sample.Length; i += 2)
        {
            var (first, second) = random.NextNormals();
            sample[i] += (float)(Std * first);
            if (i + 1 < sample.Length)
                sample[i + 1] += (float)(Std * second);
        }
    }
}
