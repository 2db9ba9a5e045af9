using OnnxKd.Core.Randomness;

namespace OnnxKd.Core.Preparation.Steps;

/// <summary>λ times the sample plus 1 − λ times its partner (Zhang et al., "mixup: beyond empirical risk minimization", 2018).</summary>
/// <param name="Alpha">λ is drawn from Beta(α, α).</param>
/// <param name="Probability">How likely a sample is mixed; default 1.</param>
public sealed record MixupStep(double Alpha, double Probability = 1) : PairStep(Kind, Alpha, Probability)
{
    internal const string Kind = "mixup";

    /// <summary>The defaults of recipes.</summary>
    internal MixupStep()
        : this(1)
    {
    }

    /// <inheritdoc/>
    internal override bool NeedsPlane => false;

    /// <inheritdoc/>
    internal override Mixture Draw(SampleLayout layout, ref CounterRandom random) => new((float)random.NextBeta(Alpha));

    /// <inheritdoc/>
    internal override void Mix(Span<float> sample, Span<float> partner, SampleLayout layout, Mixture mixture)
    {
        for (var i = 0; i < sample.Length; i++)
            sample[i] = mixture.Lambda * sample[i] + (1 - mixture.Lambda) * partner[i];
    }
}
