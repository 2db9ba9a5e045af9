using OnnxKd.Core.Randomness;
using OnnxKd.Core.Settings;
using OnnxKd.Core.TransferSets;

namespace OnnxKd.Core.Preparation.Steps;

/// <summary>
/// Turns about the centre, bilinearly, by an angle uniform over −<see cref="Degrees"/>…<see cref="Degrees"/>, positive
/// counter-clockwise. Draws: the angle.
/// </summary>
/// <param name="Degrees">The largest angle, up to 180.</param>
/// <param name="Fill">The stored value of what lies outside the sample; default 0.</param>
public sealed record RotationStep(
    [property: Setting("largest angle", AtLeast = 0, AtMost = 180, IsRequired = true)] double Degrees,
    [property: Setting("stored value of what lies outside the sample")] double Fill = 0) : SampleStep(Kind)
{
    internal const string Kind = "rotation";

    /// <summary>The defaults of recipes.</summary>
    internal RotationStep()
        : this(0)
    {
    }

    /// <inheritdoc/>
    public override bool IsGeometric => true;

    /// <inheritdoc/>
    internal override SampleStep ForLabels => this with { Fill = SampleLabels.Unknown };

    /// <inheritdoc/>
    internal override void Apply(Span<float> sample, Span<float> scratch, SampleLayout layout, ref CounterRandom random)
    {
        var (sin, cos) = PortableMath.SinCos(random.NextUniform(-Degrees, Degrees) / 360);
        var (y, x) = ((layout.Height - 1) / 2.0, (layout.Width - 1) / 2.0);
        Bilinear.Move(
            sample, scratch, layout, new(cos, sin, y - cos * y - sin * x, -sin, cos, x + sin * y - cos * x), (float)Fill);
    }
}
