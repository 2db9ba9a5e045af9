using OnnxKd.Core.Randomness;

namespace OnnxKd.Core.Preparation.Steps;

/// <summary>
/// Fills a random rectangle with one value (Zhong et al., "Random erasing data augmentation", 2017). Draws: whether, then up to ten
/// times scale and ratio, then top and left.
/// </summary>
/// <param name="Probability">How likely a sample is changed.</param>
/// <param name="Scale">The rectangle's share of the sample's area, at most 1.</param>
/// <param name="Ratio">Width to height, each as a share of the sample's.</param>
/// <param name="Fill">The stored value that it is filled with; default 0.</param>
public sealed record EraseStep(double Probability, Interval Scale, Interval Ratio, double Fill = 0) : SampleStep(Kind)
{
    internal const string Kind = "erase";

    /// <inheritdoc/>
    public override StepProblem? Problem() =>
        StepRules.Probability("probability", Probability) ?? StepRules.Positive("scale", Scale, maximum: 1)
        ?? StepRules.Positive("ratio", Ratio) ?? StepRules.Finite("fill", Fill);

    /// <inheritdoc/>
    internal override void Apply(Span<float> sample, Span<float> scratch, SampleLayout layout, ref CounterRandom random)
    {
        if (random.NextChance(Probability))
            layout.Fill(sample, Region.Draw(ref random, layout, Scale, Ratio), (float)Fill);
    }
}
