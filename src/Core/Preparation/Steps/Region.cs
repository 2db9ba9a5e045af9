using OnnxKd.Core.Randomness;
using OnnxKd.Core.Settings;

namespace OnnxKd.Core.Preparation.Steps;

/// <summary>A rectangle of whole pixels.</summary>
internal readonly record struct Region(int Top, int Left, int Height, int Width)
{
    private const int Attempts = 10;

    /// <summary>The row after the last.</summary>
    public int Bottom => Top + Height;

    /// <summary>The column after the last.</summary>
    public int Right => Left + Width;

    /// <summary>
    /// Draws a rectangle inside a sample: area and logarithm of the ratio uniform, place uniform. What would reach beyond the sample is
    /// drawn again, the last of ten attempts cut to fit.
    /// </summary>
    /// <param name="random">Draws scale and ratio of each attempt, then top and left.</param>
    /// <param name="layout">The sample.</param>
    /// <param name="scale">Share of the sample's area.</param>
    /// <param name="ratio">Width to height, each as a share of the sample's: 1 has the shape of the sample.</param>
    public static Region Draw(ref CounterRandom random, SampleLayout layout, Interval scale, Interval ratio)
    {
        var (height, width) = (0, 0);
        for (var attempt = 0; attempt < Attempts; attempt++)
        {
            var share = random.NextUniform(scale.From, scale.To);
            var stretch = PortableMath.Exp(random.NextUniform(PortableMath.Log(ratio.From), PortableMath.Log(ratio.To)));
            height = (int)Math.Round(layout.Height * Math.Sqrt(share / stretch));
            width = (int)Math.Round(layout.Width * Math.Sqrt(share * stretch));
            if (height > 0 && height <= layout.Height && width > 0 && width <= layout.Width)
                break;
        }
        height = Math.Clamp(height, 1, layout.Height);
        width = Math.Clamp(width, 1, layout.Width);
        return new(random.NextInt32(0, layout.Height - height + 1), random.NextInt32(0, layout.Width - width + 1), height, width);
    }
}
