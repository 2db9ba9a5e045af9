using System.Collections.Concurrent;
using System.Text;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Files;
using OnnxKd.Core.Randomness;

namespace OnnxKd.TeacherRunner.Preparation.Rendering;

/// <summary>Draws the texts of lines: words in a row, or random characters, of which the font has all.</summary>
internal sealed class LineTexts(RenderedTextOptions options, IReadOnlyList<string> words)
{
    private const int Tries = 30;

    private readonly ConcurrentDictionary<string, Rune[]> alphabets = new();

    /// <summary>Reads the words of a text file: what stands between white space.</summary>
    /// <exception cref="InputException">It is missing or has none.</exception>
    public static IReadOnlyList<string> ReadWords(string path)
    {
        var words = InputFile.Guard(path, "A list of words", () =>
            File.ReadLines(path).SelectMany(line => line.Split(null as char[], StringSplitOptions.RemoveEmptyEntries)).ToArray());
        return words.Length > 0 ? words : throw new InputException("A list of words is empty.", path);
    }

    /// <summary>The next text.</summary>
    /// <exception cref="InputException">The font has no character of the alphabet.</exception>
    public string Next(ref CounterRandom random, FontFace font)
    {
        if (options.Characters)
            return Characters(ref random, font, 1);
        var length = random.NextInt32(options.Length.Least, options.Length.Most + 1);
        var isRandom = words.Count == 0 || random.NextSingle() < options.RandomShare;
        return isRandom ? Characters(ref random, font, length) : Words(ref random, font, length) ?? Characters(ref random, font, length);
    }

    private string Characters(ref CounterRandom random, FontFace font, int length)
    {
        var alphabet = alphabets.GetOrAdd(font.Path, _ =>
            [.. options.Alphabet.EnumerateRunes().Where(c => !Rune.IsWhiteSpace(c) && font.Has(c))]);
        if (alphabet.Length == 0)
            throw new InputException(
                "A font has no character of the alphabet.", font.Path, remedy: "choose another font, or an alphabet that it covers");
        var text = new StringBuilder();
        for (var i = 0; i < length; i++)
            text.Append(alphabet[random.NextInt32(0, alphabet.Length)].ToString());
        return text.ToString();
    }

    /// <summary>Words up to a length, or one longer word; <c>null</c> if the font lacks characters of all that were tried.</summary>
    private string? Words(ref CounterRandom random, FontFace font, int length)
    {
        var text = "";
        for (var i = 0; i < Tries; i++)
        {
            var word = words[random.NextInt32(0, words.Count)];
            if (!font.Has(word))
                continue;
            if (text.Length > 0 && text.Length + 1 + word.Length > length)
                break;
            text = text.Length == 0 ? word : $"{text} {word}";
        }
        return text.Length > 0 ? text : null;
    }
}
