using System.Text;
using OnnxKd.Core.Errors;

namespace OnnxKd.TeacherRunner.Preparation.Rendering;

/// <summary>A font that is open. Used by one thread at a time.</summary>
internal sealed unsafe class FontFace : IDisposable
{
    private const int Sixtyfourths = 64;

    private readonly nint library;
    private FreeType.Face* face;

    /// <summary>Opens a font; of a collection the first face.</summary>
    /// <exception cref="InputException">The file is not a font.</exception>
    public FontFace(string path)
    {
        Path = path;
        library = FreeType.Start();
        if (FreeType.NewFace(library, path, 0, out face) is not 0 and var error)
        {
            FreeType.Done(library);
            throw new InputException(
                "A font cannot be opened.", path, $"FreeType's error {error}", "a TrueType or OpenType file", "choose another font");
        }
    }

    /// <summary>The file.</summary>
    public string Path { get; }

    /// <summary>Whether the font has a glyph.</summary>
    public bool Has(Rune character) => Rune.IsWhiteSpace(character) || FreeType.CharIndex(face, (nuint)character.Value) != 0;

    /// <summary>Whether the font has all glyphs of a text.</summary>
    public bool Has(string text) => text.EnumerateRunes().All(Has);

    /// <summary>Draws a line of text, or as much of it as fits: glyph by glyph, without kerning.</summary>
    /// <param name="text">The text.</param>
    /// <param name="style">Size and place.</param>
    /// <param name="canvas">How much of each pixel is covered, 0 to 1; rows of <paramref name="width"/> pixels. Added to.</param>
    /// <param name="width">Columns of the canvas.</param>
    /// <returns>The text that was drawn, and the first column to its right.</returns>
    public (string Drawn, int End) Draw(string text, LineStyle style, Span<float> canvas, int width)
    {
        Require(FreeType.SetPixelSizes(face, 0, (uint)style.Size));
        var (ascender, descender) = (face->Size->Ascender, -face->Size->Descender);
        var height = canvas.Length / width;
        var room = height - (double)(ascender + descender) / Sixtyfourths;
        var baseline = (int)Math.Round(room * style.VerticalPlace + (double)ascender / Sixtyfourths);
        var pen = (nint)style.Margin * Sixtyfourths;
        var limit = (nint)(width - style.Margin) * Sixtyfourths;
        var drawn = new StringBuilder();
        var matrix = new FreeType.Matrix(FreeType.Fixed16(1), FreeType.Fixed16(style.Shear), 0, FreeType.Fixed16(1));
        foreach (var character in text.EnumerateRunes())
        {
            FreeType.SetTransform(face, matrix, new(pen % Sixtyfourths, 0));
            Require(FreeType.LoadGlyph(face, FreeType.CharIndex(face, (nuint)character.Value), FreeType.RenderOutline));
            if (drawn.Length > 0 && pen + face->Slot->Advance > limit)
                break;
            Cover(canvas, width, (int)(pen / Sixtyfourths) + face->Slot->Left, baseline - face->Slot->Top);
            pen += face->Slot->Advance;
            drawn.Append(character.ToString());
        }
        return (drawn.ToString().TrimEnd(), (int)Math.Min(width, pen / Sixtyfourths + style.Margin + 1));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (face is null)
            return;
        FreeType.DoneFace(face);
        FreeType.Done(library);
        face = null;
    }

    private void Cover(Span<float> canvas, int width, int left, int top)
    {
        var glyph = face->Slot;
        var height = canvas.Length / width;
        for (var row = Math.Max(0, -top); row < Math.Min(glyph->Rows, height - top); row++)
            for (var column = Math.Max(0, -left); column < Math.Min(glyph->Columns, width - left); column++)
            {
                ref var pixel = ref canvas[(top + row) * width + left + column];
                pixel = Math.Max(pixel, glyph->Buffer[row * glyph->Pitch + column] / 255f);
            }
    }

    private void Require(int error)
    {
        if (error != 0)
            throw new InputException("A font cannot draw a glyph.", Path, $"FreeType's error {error}", remedy: "choose another font");
    }
}

/// <summary>How a line is drawn.</summary>
/// <param name="Size">Pixels per em.</param>
/// <param name="Shear">Pixels to the right per pixel up.</param>
/// <param name="Margin">Columns left free at both ends.</param>
/// <param name="VerticalPlace">0: as high as ascenders allow; 1: as low as descenders allow.</param>
internal readonly record struct LineStyle(int Size, double Shear, int Margin, double VerticalPlace);
