using OnnxKd.Core.Randomness;
using OnnxKd.Core.Settings;

namespace OnnxKd.Core.Preparation.Steps;

/// <summary>Adds Gaussian noise to every value. Draws: two words for each pair of values.</summary>
/// <param name="Std">The standard deviation, in units of stored values.</param>
public sealed record NoiseStep(
    [property: Setting("standard deviation, in units of stored values", AtLeast = 0, IsRequired = true)] double Std) : SampleStep(Kind)
{
    internal const string Kind = "noise";

    /// <summary>The defaults of recipes.</summary>
    internal NoiseStep()
        : this(0)
    {
    }

    /// <inheritdoc/>
    internal override bool NeedsPlane => false;

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
