using System.Numerics.Tensors;
using OnnxKd.Core.Randomness;
using OnnxKd.Core.Settings;

namespace OnnxKd.Core.Preparation.Steps;

/// <summary>
/// Changes brightness, contrast and saturation, in this order, each by a factor uniform over 1 − strength (at least 0)…1 + strength:
/// values times the factor; distance from the mean grey of the sample times the factor; distance from the pixel's grey times the factor.
/// Grey is 0.299 R + 0.587 G + 0.114 B (ITU-R BT.601). Results are not limited: a clamp step does that. Draws: the three factors.
/// </summary>
/// <param name="Brightness">Strength, from 0 on; default 0.</param>
/// <param name="Contrast">Strength, from 0 on; default 0.</param>
/// <param name="Saturation">Strength, from 0 on; default 0. Needs three channels.</param>
public sealed record ColourStep(
    [property: Setting("strength", AtLeast = 0)] double Brightness = 0,
    [property: Setting("strength", AtLeast = 0)] double Contrast = 0,
    [property: Setting("strength; needs three channels", AtLeast = 0)] double Saturation = 0) : SampleStep(Kind)
{
    internal const string Kind = "colour";

    /// <summary>The defaults of recipes.</summary>
    internal ColourStep()
        : this(0)
    {
    }

    /// <inheritdoc/>
    internal override SettingProblem? Misfit(SampleLayout layout)
    {
        var setting = Saturation > 0 ? "saturation" : "contrast";
        return layout.Channels == 3 || layout.Channels == 1 && Saturation == 0
            ? null
            : new(setting, $"{layout.Channels} channels", Saturation > 0 ? "3 channels" : "1 or 3 channels");
    }

    /// <inheritdoc/>
    internal override void Apply(Span<float> sample, Span<float> scratch, SampleLayout layout, ref CounterRandom random)
    {
        var brightness = NextFactor(ref random, Brightness);
        var contrast = NextFactor(ref random, Contrast);
        var saturation = NextFactor(ref random, Saturation);
        if (Brightness > 0)
            TensorPrimitives.Multiply(sample, brightness, sample);
        if (Contrast > 0)
            Stretch(sample, contrast, MeanGrey(sample, layout));
        if (Saturation > 0)
            Saturate(sample, layout, saturation);
    }

    private static float NextFactor(ref CounterRandom random, double strength) =>
        (float)random.NextUniform(Math.Max(0, 1 - strength), 1 + strength);

    private static void Stretch(Span<float> sample, float factor, float centre)
    {
        TensorPrimitives.Multiply(sample, factor, sample);
        TensorPrimitives.Add(sample, centre * (1 - factor), sample);
    }

    private static void Saturate(Span<float> sample, SampleLayout layout, float factor)
    {
        for (var i = 0; i < sample.Length / 3; i++)
        {
            var grey = Grey(sample, layout, i);
            for (var c = 0; c < 3; c++)
            {
                ref var value = ref sample[i * layout.Depth + c * layout.ChannelStride];
                value = grey + (value - grey) * factor;
            }
        }
    }

    private static float MeanGrey(ReadOnlySpan<float> sample, SampleLayout layout)
    {
        var pixels = sample.Length / layout.Channels;
        var sum = 0.0;
        for (var i = 0; i < pixels; i++)
            sum += Grey(sample, layout, i);
        return (float)(sum / pixels);
    }

    private static float Grey(ReadOnlySpan<float> sample, SampleLayout layout, int pixel)
    {
        var red = pixel * layout.Depth;
        return layout.Channels == 1
            ? sample[red]
            : 0.299f * sample[red] + 0.587f * sample[red + layout.ChannelStride] + 0.114f * sample[red + 2 * layout.ChannelStride];
    }
}
