using OnnxKd.Core.Errors;
using OnnxKd.Core.Tensors;

namespace OnnxKd.TeacherRunner.Preparation.Rendering;

/// <summary>Whole numbers from one to another.</summary>
/// <param name="Least">The first.</param>
/// <param name="Most">The last.</param>
public readonly record struct WholeRange(int Least, int Most);

/// <summary>Lines of text, drawn: every random choice depends on the seed and the line's id alone.</summary>
public sealed record RenderedTextOptions
{
    /// <summary>The printable characters of ASCII but the space.</summary>
    public static string Ascii { get; } = string.Concat(Enumerable.Range('!', '~' - '!' + 1).Select(code => (char)code));

    /// <summary>How many lines.</summary>
    public int Count { get; init; } = 10_000;

    /// <summary>How many lines in the held-out fonts; they go to the folder <c>held-out</c>.</summary>
    public int HeldOutCount { get; init; } = 1_000;

    /// <summary>Paths, or names of installed fonts.</summary>
    public IReadOnlyList<string> Fonts { get; init; } = ["DejaVuSans", "DejaVuSans-Bold", "DejaVuSansMono", "DejaVuSerif"];

    /// <summary>Fonts of the held-out lines alone.</summary>
    public IReadOnlyList<string> HeldOutFonts { get; init; } = ["DejaVuSansMono-Bold", "DejaVuSerif-Bold"];

    /// <summary>The characters of random strings.</summary>
    public string Alphabet { get; init; } = Ascii;

    /// <summary>The share of lines that are random strings; the others are words in a row. Default 0.5; without words always 1.</summary>
    public double RandomShare { get; init; } = 0.5;

    /// <summary>The fewest and most characters of a line; a line that does not fit is drawn as far as it does.</summary>
    public WholeRange Length { get; init; } = new(3, 24);

    /// <summary>Rows of a sample.</summary>
    public int Height { get; init; } = 48;

    /// <summary>Columns of a sample.</summary>
    public int Width { get; init; } = 320;

    /// <summary>The smallest and largest size of the font, in pixels per em.</summary>
    public WholeRange Size { get; init; } = new(26, 40);

    /// <summary>The widest blur, the deviation of a Gauss kernel in pixels; each line has a share of it. 0: none.</summary>
    public double Blur { get; init; } = 1;

    /// <summary>The strongest noise, its deviation in greys from 0 to 255; each line has a share of it. 0: none.</summary>
    public double Noise { get; init; } = 12;

    /// <summary>The strongest slant to either side, in columns per row. 0: none.</summary>
    public double Shear { get; init; } = 0.2;

    /// <summary>Whether half of the lines are turned by 180°, which then is their label: 0 upright, 1 turned.</summary>
    public bool Turned { get; init; }

    /// <summary>Whether a sample is one character of <see cref="Alphabet"/>, on paper as wide as the sample; its place in the alphabet is its label.</summary>
    public bool Characters { get; init; }

    /// <summary>What fills the columns behind a line: a grey from 0 to 255; default 128. Float samples have 0 there.</summary>
    public byte Padding { get; init; } = 128;

    /// <summary><see cref="ElementType.UInt8"/>, or <see cref="ElementType.Float32"/>: grey ÷ 127.5 − 1.</summary>
    public ElementType Type { get; init; } = ElementType.UInt8;

    /// <summary>The seed of all choices.</summary>
    public ulong Seed { get; init; } = 1;

    /// <summary>The names of the samples' classes, in the order of their labels; empty: samples have no labels.</summary>
    internal IReadOnlyList<string> Classes => this switch
    {
        { Characters: true } => [.. Alphabet.EnumerateRunes().Select(character => character.ToString())],
        { Turned: true } => ["upright", "turned"],
        _ => [],
    };

    /// <summary>Checks that the options make sense.</summary>
    /// <exception cref="InputException">They do not.</exception>
    internal void Validate()
    {
        Require(Count >= 1, "--count", $"{Count}", "a number from 1 on");
        Require(HeldOutCount >= 0, "--held-out-count", $"{HeldOutCount}", "a number from 0 on");
        Require(Fonts.Count > 0, "--font", "none", "at least one");
        Require(HeldOutCount == 0 || HeldOutFonts.Count > 0, "--held-out-font", "none", "at least one, or --held-out-count 0");
        Require(
            HeldOutCount == 0 || !Fonts.Intersect(HeldOutFonts).Any(), "--held-out-font", string.Join(", ", Fonts.Intersect(HeldOutFonts)),
            "fonts that are not among those of the other lines");
        Require(RandomShare is >= 0 and <= 1, "--random-share", $"{RandomShare}", "a number from 0 to 1");
        Require(
            Length is { Least: >= 1 } && Length.Least <= Length.Most, "--length", $"{Length.Least},{Length.Most}", "least and most: 3,24");
        Require(!Characters || Classes.Count >= 2 && Classes.Distinct().Count() == Classes.Count, "--alphabet", $"{Classes.Count} characters", "two or more, each once");
        Require(!Characters || !Turned, "--characters", "--turned", "one of them: each labels the samples in its own way");
        Require(Height is >= 8 and <= 4096, "--height", $"{Height}", "a number from 8 to 4096");
        Require(Width >= Height && Width <= 1 << 15, "--width", $"{Width}", $"a number from the height ({Height}) to {1 << 15}");
        Require(
            Size is { Least: >= 4 } && Size.Least <= Size.Most && Size.Most <= Height, "--size", $"{Size.Least},{Size.Most}",
            $"least and most pixels per em, from 4 to the height ({Height})");
        Require(Blur is >= 0 and <= 10, "--blur", $"{Blur}", "a number from 0 to 10");
        Require(Noise is >= 0 and <= 128, "--noise", $"{Noise}", "a number from 0 to 128");
        Require(Shear is >= 0 and <= 1, "--shear", $"{Shear}", "a number from 0 to 1");
        Require(Type is ElementType.UInt8 or ElementType.Float32, "--type", Type.Name(), "uint8 or float32");
    }

    private static void Require(bool condition, string where, string found, string expected)
    {
        if (!condition)
            throw new InputException("Text cannot be rendered with these options.", where, found, expected, "correct the option");
    }
}
