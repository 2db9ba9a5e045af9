using System.Text.RegularExpressions;

namespace OnnxKd.Core.Text;

/// <summary>Paths in commands that are printed to be copied into a shell.</summary>
internal static partial class ShellWord
{
    /// <summary>A path as one word: as it is, or between quotes; control characters are escaped, as everywhere. One that begins with a dash is no option.</summary>
    public static string Of(string path)
    {
        var text = Printable.Escape(path.StartsWith('-') ? $"./{path}" : path);
        return Plain().IsMatch(text) ? text : $"'{text.Replace("'", @"'\''", StringComparison.Ordinal)}'";
    }

    [GeneratedRegex(@"^[\p{L}\p{Nd}_./:@%+=,-]+$")]
    private static partial Regex Plain();
}
