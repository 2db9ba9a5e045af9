using OnnxKd.Core.Randomness;
using OnnxKd.Core.Settings;

namespace OnnxKd.Core.Preparation.Steps;

/// <summary>
/// Enlarges a random rectangle to the size of the sample, bilinearly (random resized crop: Szegedy et al., "Going deeper with
/// convolutions", 2015). Draws: up to ten times scale and ratio, then top and left.
/// </summary>
/// <param name="Scale">The rectangle's share of the sample's area, at most 1.</param>
/// <param name="Ratio">Width to height, each as a share of the sample's: 1 has the shape of the sample.</param>
public sealed record CropStep(
    [property: Setting("the rectangle's share of the area", Above = 0, AtMost = 1)] Interval Scale,
    [property: Setting("width to height, each as a share of the sample's", Above = 0, AtMost = 1e6)] Interval Ratio) : SampleStep(Kind)
{
    internal const string Kind = "crop";

    /// <summary>The defaults of recipes.</summary>
    internal CropStep()
        : this(new(0.08, 1), new(0.75, 4 / 3.0))
    {
    }

    /// <inheritdoc/>
    public override bool IsGeometric => true;

    /// <inheritdoc/>
    internal override SampleStep ForLabels => this;

    /// <inheritdoc/>
    internal override void Apply(Span<float> sample, Span<float> scratch, SampleLayout layout, ref CounterRandom random) =>
        Bilinear.Enlarge(sample, scratch, layout, Region.Draw(ref random, layout, Scale, Ratio));
}
