using System.Globalization;
using System.Text;

namespace OnnxKd.Core.Text;

/// <summary>Texts as a recipe must have them, so that a line of an error can be copied: YAML cuts some short and reads others as something else.</summary>
internal static class YamlWord
{
    // What begins something other than a plain text, and what ends one within brackets.
    private const string Indicators = "-?:,[]{}#&*!|>'\"%@`";
    private const string Ends = ",[]{}#\"";

    private static readonly string[] words = ["null", "~", "true", "false", "yes", "no", "on", "off"];

    /// <summary>The text itself where YAML reads it as it stands, also within brackets; else in double quotes.</summary>
    public static string Of(string text) => IsPlain(text) ? text : Quote(text);

    /// <summary>A mapping on one line: <c>{ name: value, other: value }</c>.</summary>
    /// <param name="entries">Keys and values, as they are meant.</param>
    public static string Map(params IEnumerable<(string Key, string Value)> entries) => $"{{ {string.Join(", ", entries.Select(entry => $"{Of(entry.Key)}: {Of(entry.Value)}"))} }}";

    private static bool IsPlain(string text) =>
        text.Length > 0 && text.Trim().Length == text.Length && !Indicators.Contains(text[0]) && text.AsSpan().IndexOfAny(Ends) < 0 && !text.Contains(": ", StringComparison.Ordinal)
        && text[^1] != ':' && !text.Any(char.IsControl) && !words.Contains(text, StringComparer.OrdinalIgnoreCase);

    private static string Quote(string text)
    {
        var quoted = new StringBuilder("\"");
        foreach (var c in text)
            _ = c is '"' or '\\' ? quoted.Append('\\').Append(c)
                : char.IsControl(c) ? quoted.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}")
                : quoted.Append(c);
        return quoted.Append('"').ToString();
    }
}
