using System.Globalization;
using System.Text;

namespace OnnxKd.Core.Text;

/// <summary>Text from files on its way to a terminal, which obeys some characters instead of showing them.</summary>
internal static class Printable
{
    private const double MostWhole = 1e15;

    /// <summary>The text with control characters, those that turn the direction of writing, and those that nobody sees, as <c>\u001b</c>; line feeds and tabs stay.</summary>
    public static string Escape(string text)
    {
        if (!text.Any(IsControl))
            return text;
        var escaped = new StringBuilder(text.Length + 8);
        foreach (var c in text)
        {
            if (IsControl(c))
                escaped.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}");
            else
                escaped.Append(c);
        }
        return escaped.ToString();
    }

    /// <summary>A number for people: whole ones with all their digits, others as short as they are exact.</summary>
    public static string Number(double value) => double.IsFinite(value) && value == Math.Truncate(value) && Math.Abs(value) < MostWhole
        ? ((long)value).ToString(CultureInfo.InvariantCulture)
        : ((float)value).ToString("R", CultureInfo.InvariantCulture);

    /// <summary>The first of some words, and how many more there are: <c>a, b and 3 more</c>.</summary>
    public static string Some(IReadOnlyList<string> words, int most) =>
        string.Join(", ", words.Take(most)) + (words.Count > most ? string.Create(CultureInfo.InvariantCulture, $" and {words.Count - most} more") : "");

    private static bool IsControl(char c) => c is not ('\n' or '\t')
        && (char.IsControl(c) || c is (>= '\u202a' and <= '\u202e') or (>= '\u2066' and <= '\u2069') or '\u200b' or '\u200e' or '\u200f' or '\u2028' or '\u2029' or '\ufeff');
}
