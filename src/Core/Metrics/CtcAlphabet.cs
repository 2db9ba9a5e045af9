using System.Numerics.Tensors;
using System.Text;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Files;

namespace OnnxKd.Core.Metrics;

/// <summary>Where an alphabet comes from.</summary>
internal sealed record CtcAlphabetOptions
{
    /// <summary>A UTF-8 text file: a line for each class, in their order, without the blank. A line may hold several characters.</summary>
    public required string File { get; init; }

    /// <summary>The class of CTC's blank; default 0. The other classes keep their order around it.</summary>
    public int Blank { get; init; }

    /// <summary>Whether a space follows the characters of the file; default <c>false</c>.</summary>
    public bool Space { get; init; }
}

/// <summary>What the classes of a CTC recogniser (Graves et al. 2006) stand for, and how its scores are read.</summary>
internal sealed class CtcAlphabet
{
    private readonly string[] characters;
    private readonly int blank;

    /// <summary>An alphabet of given characters.</summary>
    /// <param name="characters">What each class stands for, without the blank.</param>
    /// <param name="blank">The class of the blank.</param>
    public CtcAlphabet(IEnumerable<string> characters, int blank = 0)
    {
        List<string> all = [.. characters];
        ArgumentOutOfRangeException.ThrowIfNegative(blank);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(blank, all.Count);
        all.Insert(blank, "");
        (this.characters, this.blank) = ([.. all], blank);
        Digest = Hashing.Sha256($"{blank}\n{string.Join('\n', all)}");
    }

    /// <summary>The number of classes, the blank among them.</summary>
    public int Classes => characters.Length;

    /// <summary>SHA-256 over the blank's class and all characters.</summary>
    public string Digest { get; }

    /// <summary>Reads a file.</summary>
    /// <exception cref="InputException">It is missing or not UTF-8, a line is empty, or the blank lies outside the classes.</exception>
    public static CtcAlphabet Load(CtcAlphabetOptions options)
    {
        List<string> characters = [.. ReadLines(options.File)];
        if (characters.IndexOf("") is >= 0 and var empty)
            throw new InputException(
                "An alphabet has an empty line.", $"{options.File}:{empty + 1}", expected: "a line for each class but the blank");
        if (options.Space)
            characters.Add(" ");
        if (options.Blank < 0 || options.Blank > characters.Count)
            throw new InputException(
                "The blank lies outside the alphabet.", options.File, $"class {options.Blank}", $"0 to {characters.Count}",
                "correct 'blank'");
        return new(characters, options.Blank);
    }

    /// <summary>The best path: the top class of each frame, repetitions once, blanks not at all (Graves et al. 2006, section 3.2).</summary>
    /// <param name="scores">Frames × classes: logits, or anything in their order.</param>
    /// <exception cref="ArgumentException">The length is not a multiple of the classes.</exception>
    /// <exception cref="CheckFailedException">The top score of a frame is not finite.</exception>
    public string Decode(ReadOnlySpan<float> scores)
    {
        if (scores.Length % Classes != 0)
            throw new ArgumentException($"{scores.Length} scores are not frames of {Classes} classes.");
        var text = new StringBuilder();
        var previous = blank;
        for (var frame = 0; frame < scores.Length / Classes; frame++)
        {
            var row = scores.Slice(frame * Classes, Classes);
            var top = TensorPrimitives.IndexOfMax(row); // the first of equal ones; a NaN if there is one
            if (!float.IsFinite(row[top]))
                throw new CheckFailedException(
                    "A score of a recogniser is not a finite number.", $"frame {frame}, class {top}", $"{row[top]}",
                    remedy: "look for NaN in the weights, or for an overflow in the model");
            if (top != previous)
                text.Append(characters[top]);
            previous = top;
        }
        return text.ToString();
    }

    /// <summary>Checks that a model has as many classes.</summary>
    /// <param name="model">The model, for messages.</param>
    /// <param name="classes">Its classes.</param>
    /// <exception cref="InputException">It has not.</exception>
    public void RequireClasses(string model, int classes)
    {
        if (classes != Classes)
            throw new InputException(
                "A model and the alphabet differ in classes.", model, $"{classes} classes",
                $"{Classes}: the blank and {Classes - 1} characters",
                "use the alphabet that the model was made with; some end in a space that is not in the file (space: true)");
    }

    private static string[] ReadLines(string path)
    {
        var utf8 = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);
        try
        {
            return InputFile.Guard(path, "An alphabet", () => File.ReadAllLines(path, utf8));
        }
        catch (DecoderFallbackException error)
        {
            throw new InputException(
                "An alphabet cannot be read.", path, error.Message, "a UTF-8 text file with a line for each class", "check the path",
                error);
        }
    }
}
