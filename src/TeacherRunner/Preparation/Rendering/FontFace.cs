using System.Text;
using OnnxKd.Core.Errors;
using SkiaSharp;

namespace OnnxKd.TeacherRunner.Preparation.Rendering;

/// <summary>A font that is open. Used by one thread at a time.</summary>
internal sealed class FontFace : IDisposable
{
    private readonly SKTypeface typeface;
    private readonly SKFont font;
    private readonly SKPaint ink = new() { IsAntialias = true };

    /// <summary>Opens a font; of a collection the first face.</summary>
    /// <exception cref="InputException">The file is not a font.</exception>
    public FontFace(string path)
    {
        Path = path;
        typeface = SKTypeface.FromFile(path) ?? throw new InputException(
            "A font cannot be opened.", path, expected: "a TrueType or OpenType file", remedy: "choose another font");
        font = new(typeface) { Hinting = SKFontHinting.None, Subpixel = true, LinearMetrics = true };
    }

    /// <summary>The file.</summary>
    public string Path { get; }

    /// <summary>Whether the font has a glyph.</summary>
    public bool Has(Rune character) => Rune.IsWhiteSpace(character) || font.ContainsGlyph(character.Value);

    /// <summary>Whether the font has all glyphs of a text.</summary>
    public bool Has(string text) => text.EnumerateRunes().All(Has);

    /// <summary>
    /// Draws a line of text, or as much of it as fits: glyph by glyph, without kerning. Glyphs are filled as outlines: Skia's own drawing of
    /// text would raise their contrast and round their places to a quarter of a pixel.
    /// </summary>
    /// <param name="text">The text.</param>
    /// <param name="style">Size and place.</param>
    /// <param name="canvas">How much of each pixel is covered, 0 to 1; rows of <paramref name="width"/> pixels. Written over.</param>
    /// <param name="width">Columns of the canvas.</param>
    /// <returns>The text that was drawn, and the first column to its right.</returns>
    public (string Drawn, int End) Draw(string text, LineStyle style, Span<float> canvas, int width)
    {
        font.Size = style.Size;
        var height = canvas.Length / width;
        var (ascent, descent) = (Math.Ceiling(-font.Metrics.Ascent), Math.Ceiling(font.Metrics.Descent));
        var baseline = (float)Math.Round((height - ascent - descent) * style.VerticalPlace + ascent);
        var pen = (float)style.Margin;
        var drawn = new StringBuilder();
        using var bitmap = new SKBitmap(new SKImageInfo(width, height, SKColorType.Alpha8, SKAlphaType.Premul));
        using var target = new SKCanvas(bitmap);
        target.Clear(SKColors.Transparent);
        foreach (var character in text.EnumerateRunes())
        {
            var glyph = font.GetGlyph(character.Value);
            var advance = font.GetGlyphWidths([glyph])[0];
            if (drawn.Length > 0 && pen + advance > width - style.Margin)
                break;
            using var outline = font.GetGlyphPath(glyph) ?? throw new InputException(
                "A font cannot draw a glyph.", Path, $"no outline of '{character}'", remedy: "choose another font");
            target.SetMatrix(new SKMatrix(1, (float)-style.Shear, pen, 0, 1, baseline, 0, 0, 1));
            target.DrawPath(outline, ink);
            pen += advance;
            drawn.Append(character.ToString());
        }
        var pixels = bitmap.GetPixelSpan();
        for (var row = 0; row < height; row++)
            for (var column = 0; column < width; column++)
                canvas[row * width + column] = pixels[row * bitmap.RowBytes + column] / 255f;
        return (drawn.ToString().TrimEnd(), (int)Math.Min(width, pen + style.Margin + 1));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        ink.Dispose();
        font.Dispose();
        typeface.Dispose();
    }
}

/// <summary>How a line is drawn.</summary>
/// <param name="Size">Pixels per em.</param>
/// <param name="Shear">Pixels to the right per pixel up.</param>
/// <param name="Margin">Columns left free at both ends.</param>
/// <param name="VerticalPlace">0: as high as ascenders allow; 1: as low as descenders allow.</param>
internal readonly record struct LineStyle(int Size, double Shear, int Margin, double VerticalPlace);
