using OnnxKd.Core.Randomness;
using OnnxKd.Core.Settings;

namespace OnnxKd.Core.Preparation.Steps;

/// <summary>
/// A step that mixes a view with the same view of another sample, both after all other steps. Draws, from a stream of their own so that
/// the pair is known without making the view: whether, the partner, then the mixture.
/// </summary>
public abstract record PairStep : AugmentationStep
{
    private protected PairStep(string name, double alpha, double probability)
        : base(name) => (Alpha, Probability) = (alpha, probability);

    /// <summary>The share of the first sample is drawn from the distribution Beta(α, α).</summary>
    [Setting("λ is drawn from Beta(α, α)", Above = 0)]
    public double Alpha { get; init; }

    /// <summary>How likely a sample is mixed at all.</summary>
    [Setting("how likely a sample is mixed", AtLeast = 0, AtMost = 1)]
    public double Probability { get; init; }

    /// <summary>Draws how two samples are mixed.</summary>
    internal abstract Mixture Draw(SampleLayout layout, ref CounterRandom random);

    /// <summary>Mixes in place.</summary>
    internal abstract void Mix(Span<float> sample, Span<float> partner, SampleLayout layout, Mixture mixture);
}

/// <summary>How two samples are mixed.</summary>
/// <param name="Lambda">The share of the first.</param>
/// <param name="Region">What is taken from the second, for CutMix.</param>
internal readonly record struct Mixture(float Lambda, Region Region = default);
