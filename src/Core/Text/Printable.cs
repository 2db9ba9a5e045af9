using System.Globalization;
using System.Text;

namespace OnnxKd.Core.Text;

/// <summary>Text from files on its way to a terminal, which obeys some characters instead of showing them.</summary>
internal static class Printable
{
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

    private static bool IsControl(char c) => c is not ('\n' or '\t')
        && (char.IsControl(c) || c is (>= '\u202a' and <= '\u202e') or (>= '\u2066' and <= '\u2069') or '\u200b' or '\u200e' or '\u200f' or '\u2028' or '\u2029' or '\ufeff');
}
