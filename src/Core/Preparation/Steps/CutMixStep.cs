using OnnxKd.Core.Randomness;

namespace OnnxKd.Core.Preparation.Steps;

/// <summary>
/// Takes a rectangle from the partner (Yun et al., "CutMix", 2019): sides √(1 − λ) of the sample's, centre uniform, cut off at the
/// border; λ then becomes the share of pixels that are left.
/// </summary>
/// <param name="Alpha">λ is drawn from Beta(α, α).</param>
/// <param name="Probability">How likely a sample is mixed; default 1.</param>
public sealed record CutMixStep(double Alpha, double Probability = 1) : PairStep(Kind, Alpha, Probability)
{
    internal const string Kind = "cutmix";

    /// <summary>The defaults of recipes.</summary>
    internal CutMixStep()
        : this(1)
    {
    }

    /// <inheritdoc/>
    public override bool IsGeometric => true;

    /// <inheritdoc/>
    internal override Mixture Draw(SampleLayout layout, ref CounterRandom random)
    {
        var side = Math.Sqrt(1 - random.NextBeta(Alpha));
        var (top, bottom) = Span(layout.Height, side, random.NextInt32(0, layout.Height));
        var (left, right) = Span(layout.Width, side, random.NextInt32(0, layout.Width));
        var region = new Region(top, left, bottom - top, right - left);
        return new((float)(1 - (double)region.Height * region.Width / ((double)layout.Height * layout.Width)), region);
    }

    /// <inheritdoc/>
    internal override void Mix(Span<float> sample, Span<float> partner, SampleLayout layout, Mixture mixture) =>
        layout.Copy(partner, sample, mixture.Region);

    private static (int From, int To) Span(int size, double share, int centre)
    {
        var length = (int)(size * share);
        var from = centre - length / 2;
        return (Math.Max(from, 0), Math.Min(from + length, size));
    }
}
