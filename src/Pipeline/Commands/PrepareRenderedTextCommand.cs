using System.CommandLine;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Files;
using OnnxKd.Core.Tensors;
using OnnxKd.Core.Text;
using OnnxKd.TeacherRunner.Preparation.Rendering;

namespace OnnxKd.Pipeline.Commands;

/// <summary><c>onnxkd prepare rendered-text</c>.</summary>
internal sealed class PrepareRenderedTextCommand : ExampleCommand
{
    private static readonly RenderedTextOptions defaults = new();

    private readonly Option<string?> words = new("--words")
    {
        Description = "A text file: its words make up lines. Without it all lines are random.",
    };

    private readonly Option<string?> alphabet = new("--alphabet")
    {
        Description = "A text file: its characters make up random lines; default: ASCII.",
    };

    private readonly Option<int> count = new("--count") { Description = "Lines.", DefaultValueFactory = _ => defaults.Count };

    private readonly Option<string[]> fonts = new("--font")
    {
        Description = "A font's file, or its name below /usr/share/fonts; repeat it.",
    };

    private readonly Option<string[]> heldOutFonts = new("--held-out-font") { Description = "A font of the held-out lines; repeat it." };
    private readonly Option<int> heldOutCount = new("--held-out-count")
    {
        Description = "Lines in held-out fonts, in the folder held-out.", DefaultValueFactory = _ => defaults.HeldOutCount,
    };

    private readonly Option<string?> randomShare = new("--random-share")
    {
        Description = "Share of random lines where there are words; 0.5.",
    };

    private readonly Option<string?> length = new("--length") { Description = "Fewest and most characters of a line; 3,24." };
    private readonly Option<int> height = new("--height") { Description = "Rows.", DefaultValueFactory = _ => defaults.Height };
    private readonly Option<int> width = new("--width") { Description = "Columns.", DefaultValueFactory = _ => defaults.Width };
    private readonly Option<string?> size = new("--size") { Description = "Smallest and largest font, in pixels per em; 26,40." };
    private readonly Option<string?> blur = new("--blur") { Description = "Widest blur, a deviation in pixels; 1." };
    private readonly Option<string?> noise = new("--noise") { Description = "Strongest noise, a deviation in greys of 255; 12." };
    private readonly Option<string?> shear = new("--shear") { Description = "Strongest slant to either side, columns per row; 0.2." };
    private readonly Option<bool> turned = new("--turned") { Description = "Turn half of the lines by 180 degrees and label them 1." };

    private readonly Option<bool> characters = new("--characters") { Description = "Draw single characters of --alphabet; their places in it are the labels." };

    private readonly Option<int> padding = new("--padding")
    {
        Description = "Grey behind the line.", DefaultValueFactory = _ => defaults.Padding,
    };

    private readonly Option<string?> type = new("--type") { Description = "uint8 (default), or float32: grey / 127.5 - 1." };
    private readonly Option<ulong> seed = new("--seed") { Description = "Seed of all choices.", DefaultValueFactory = _ => defaults.Seed };

    private readonly PrepareArguments common = new();

    /// <summary>Declares the command.</summary>
    public PrepareRenderedTextCommand()
        : base(
            "rendered-text",
            "Draws lines of known text for text recognisers and for classifiers of their direction, or single characters for classifiers.",
            "onnxkd prepare rendered-text -o lines --words words.txt --count 20000",
            "onnxkd prepare rendered-text -o turned --turned --width 192 --length 2,12",
            "onnxkd prepare rendered-text -o letters --characters --height 32 --width 32 --size 20,28")
    {
        foreach (var option in new Option[]
        {
            words, alphabet, count, fonts, heldOutFonts, heldOutCount, randomShare, length, height, width, size, blur, noise, shear, turned,
            characters, padding, type, seed,
        })
            Add(option);
        common.AddTo(this, hasClasses: false);
        Does(Run);
    }

    /// <inheritdoc/>
    public override bool GoesOn(ParseResult parsed) => true;

    /// <exception cref="InputException">An option is wrong, or a font is not installed.</exception>
    private void Run(ParseResult parsed, TextWriter stdout, TextWriter stderr, CancellationToken token)
    {
        var ((options, progress), style) = (common.Begin(parsed, stderr), GlobalOptions.Style(parsed));
        var results = RenderedTextPreparation.Run(parsed.GetValue(words), ReadLines(parsed), options, progress, token);
        if (style.Json)
            stdout.Write(CanonicalJson.Serialize(results));
        else
            foreach (var result in results)
                PrepareCommand.Write(result, style, stdout);
    }

    private RenderedTextOptions ReadLines(ParseResult parsed) => defaults with
    {
        Count = parsed.GetValue(count),
        HeldOutCount = parsed.GetValue(heldOutCount),
        Fonts = parsed.GetValue(fonts) is { Length: > 0 } named ? named : defaults.Fonts,
        HeldOutFonts = parsed.GetValue(heldOutFonts) is { Length: > 0 } heldOut ? heldOut : defaults.HeldOutFonts,
        Alphabet = parsed.GetValue(alphabet) is { } file ? ReadAlphabet(file) : defaults.Alphabet,
        RandomShare = PrepareArguments.Number(parsed, randomShare) ?? defaults.RandomShare,
        Length = Range(parsed, length) ?? defaults.Length,
        Height = parsed.GetValue(height),
        Width = parsed.GetValue(width),
        Size = Range(parsed, size) ?? defaults.Size,
        Blur = PrepareArguments.Number(parsed, blur) ?? defaults.Blur,
        Noise = PrepareArguments.Number(parsed, noise) ?? defaults.Noise,
        Shear = PrepareArguments.Number(parsed, shear) ?? defaults.Shear,
        Turned = parsed.GetValue(turned),
        Characters = parsed.GetValue(characters),
        Padding = parsed.GetValue(padding) is >= 0 and <= 255 and var grey
            ? (byte)grey
            : throw PrepareArguments.Wrong(padding.Name, $"{parsed.GetValue(padding)}", "a grey from 0 to 255"),
        Type = PrepareArguments.OneOf(parsed, type, ElementType.UInt8, ElementType.Float32) ?? defaults.Type,
        Seed = parsed.GetValue(seed),
    };

    private static WholeRange? Range(ParseResult parsed, Option<string?> option) => PrepareArguments.WholeNumbers(parsed, option) switch
    {
        [] => null,
        [var least, var most] => new(least, most),
        var numbers => throw PrepareArguments.Wrong(option.Name, $"{numbers.Length} numbers", "least and most, with a comma: 3,24"),
    };

    private static string ReadAlphabet(string path) => string.Concat(
        InputFile.Guard(path, "An alphabet", () => File.ReadAllText(path)).EnumerateRunes().Where(c => !System.Text.Rune.IsWhiteSpace(c)).Distinct());
}
