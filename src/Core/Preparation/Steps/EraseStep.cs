using OnnxKd.Core.Randomness;
using OnnxKd.Core.Settings;

namespace OnnxKd.Core.Preparation.Steps;

/// <summary>
/// Fills a random rectangle with one value (Zhong et al., "Random erasing data augmentation", 2017). Draws: whether, then up to ten
/// times scale and ratio, then top and left.
/// </summary>
/// <param name="Probability">How likely a sample is changed.</param>
/// <param name="Scale">The rectangle's share of the sample's area, at most 1.</param>
/// <param name="Ratio">Width to height, each as a share of the sample's.</param>
/// <param name="Fill">The stored value that it is filled with; default 0.</param>
public sealed record EraseStep(
    [property: Setting("how likely a sample is changed", AtLeast = 0, AtMost = 1)] double Probability,
    [property: Setting("the rectangle's share of the area", Above = 0, AtMost = 1)] Interval Scale,
    [property: Setting("width to height, each as a share of the sample's", Above = 0, AtMost = 1e6)] Interval Ratio,
    [property: Setting("stored value that fills it")] double Fill = 0) : SampleStep(Kind)
{
    internal const string Kind = "erase";

    /// <summary>The defaults of recipes.</summary>
    internal EraseStep()
        : this(0.5, new(0.02, 1 / 3.0), new(0.3, 1 / 0.3))
    {
    }

    /// <inheritdoc/>
    internal override void Apply(Span<float> sample, Span<float> scratch, SampleLayout layout, ref CounterRandom random)
    {
        if (random.NextChance(Probability))
            layout.Fill(sample, Region.Draw(ref random, layout, Scale, Ratio), (float)Fill);
    }
}
