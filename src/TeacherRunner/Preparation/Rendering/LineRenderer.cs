using System.Runtime.InteropServices;
using OnnxKd.Core.Randomness;
using OnnxKd.Core.Tensors;

namespace OnnxKd.TeacherRunner.Preparation.Rendering;

/// <summary>Draws whole samples: text, slant, blur, colours, noise, turn, padding. Used by one thread at a time.</summary>
internal sealed class LineRenderer : IDisposable
{
    private const int Channels = 3;
    private const int LeastContrast = 90;
    private const int Tint = 25;

    private readonly RenderedTextOptions options;
    private readonly LineTexts texts;
    private readonly FontFace[] fonts;
    private readonly float[] canvas;
    private readonly Dictionary<string, int> places = [];

    /// <summary>Opens the fonts.</summary>
    public LineRenderer(RenderedTextOptions options, LineTexts texts, IEnumerable<string> fonts)
    {
        (this.options, this.texts) = (options, texts);
        this.fonts = [.. fonts.Select(path => new FontFace(path))];
        canvas = new float[options.Height * options.Width];
        if (options.Characters)
            foreach (var character in options.Classes)
                places.Add(character, places.Count);
    }

    /// <summary>Draws a sample.</summary>
    /// <param name="random">All choices come from it.</param>
    /// <param name="font">The number of the font.</param>
    public PreparedSample Draw(CounterRandom random, int font)
    {
        var text = texts.Next(ref random, fonts[font]);
        var size = random.NextInt32(options.Size.Least, options.Size.Most + 1);
        var style = new LineStyle(
            size, options.Shear * (2 * random.NextSingle() - 1), random.NextInt32(2, 2 + options.Height / 6), random.NextSingle());
        var (drawn, end) = fonts[font].Draw(text, style, canvas, options.Width);
        GaussBlur.Apply(canvas, options.Width, options.Blur * random.NextSingle());
        var turned = random.NextSingle() < 0.5f && options.Turned; // drawn in any case: the same lines, turned or not
        if (options.Characters)
            end = options.Width;
        var pixels = Colour(ref random, end, turned);
        return new(ToSample(pixels, end), options.Characters ? null : end, drawn, Label(drawn, turned));
    }

    /// <inheritdoc/>
    public void Dispose() => Array.ForEach(fonts, font => font.Dispose());

    private long? Label(string drawn, bool turned) => options switch
    {
        { Characters: true } => places[drawn],
        { Turned: true } => turned ? 1 : 0,
        _ => null,
    };

    /// <summary>Pixels of the line without padding: channels, rows, columns up to <paramref name="end"/>.</summary>
    private byte[] Colour(ref CounterRandom random, int end, bool turned)
    {
        var paper = random.NextInt32(0, 256);
        var darker = Math.Max(0, paper - LeastContrast + 1); // how many greys are far enough below the paper's, and above
        var lighter = Math.Max(0, 256 - paper - LeastContrast);
        var ink = random.NextInt32(0, darker + lighter);
        if (ink >= darker)
            ink += paper + LeastContrast - darker;
        var tints = new (int Back, int Fore)[Channels];
        foreach (ref var tint in tints.AsSpan())
            tint = (random.NextInt32(-Tint, Tint + 1), random.NextInt32(-Tint, Tint + 1));
        var noise = options.Noise * random.NextSingle();
        var pixels = new byte[Channels * options.Height * end];
        var next = 0;
        for (var channel = 0; channel < Channels; channel++)
        {
            var (back, fore) = (paper + tints[channel].Back, ink + tints[channel].Fore);
            for (var row = 0; row < options.Height; row++)
                foreach (var covered in canvas.AsSpan(row * options.Width, end))
                {
                    var value = back + (fore - back) * covered + (noise > 0 ? noise * NearlyGaussian(random.NextUInt32()) : 0);
                    pixels[next++] = (byte)Math.Clamp(Math.Round(value), 0, 255);
                }
            if (turned)
                pixels.AsSpan(next - options.Height * end, options.Height * end).Reverse();
        }
        return pixels;
    }

    private byte[] ToSample(byte[] pixels, int end)
    {
        var sample = new byte[Channels * options.Height * options.Width];
        Array.Fill(sample, options.Padding);
        for (var row = 0; row < Channels * options.Height; row++)
            pixels.AsSpan(row * end, end).CopyTo(sample.AsSpan(row * options.Width));
        if (options.Type == ElementType.UInt8)
            return sample;
        var floats = new float[sample.Length];
        for (var i = 0; i < floats.Length; i++)
            floats[i] = i % options.Width < end ? sample[i] / 127.5f - 1 : 0;
        return MemoryMarshal.AsBytes<float>(floats).ToArray();
    }

    /// <summary>The sum of four bytes, brought to mean 0 and deviation 1: near enough for noise, and one draw a pixel.</summary>
    private static double NearlyGaussian(uint bits) =>
        ((int)((bits & 255) + (bits >> 8 & 255) + (bits >> 16 & 255) + (bits >> 24)) - 510) / 147.80;
}
