using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace OnnxKd.Pipeline.Tests.Terminal;

/// <summary>What a terminal shows that is sent some text: of control sequences it knows those that move up and that clear.</summary>
internal static partial class Screen
{
    /// <summary>The lines, without spaces at their ends; the last is that of the cursor if it is not empty.</summary>
    public static string[] Of(string sent)
    {
        var (lines, row, column) = (new List<StringBuilder> { new() }, 0, 0);
        foreach (Match match in Parts().Matches(sent))
            switch (match.Value)
            {
                case "\r":
                    column = 0;
                    break;
                case "\n":
                    (row, column) = (row + 1, 0);
                    if (row == lines.Count)
                        lines.Add(new());
                    break;
                case "\u001b[K":
                    lines[row].Length = Math.Min(lines[row].Length, column);
                    break;
                case "\u001b[J":
                    lines[row].Length = Math.Min(lines[row].Length, column);
                    lines.RemoveRange(row + 1, lines.Count - row - 1);
                    break;
                case { Length: > 3 } up when up[^1] == 'A':
                    row -= int.Parse(up[2..^1], CultureInfo.InvariantCulture);
                    break;
                case var letter:
                    Assert.NotEqual('\u001b', letter[0]);
                    lines[row].Append(' ', Math.Max(0, column + 1 - lines[row].Length))[column++] = letter[0];
                    break;
            }
        var shown = lines.Select(line => line.ToString().TrimEnd()).ToList();
        while (shown.Count > 0 && shown[^1].Length == 0)
            shown.RemoveAt(shown.Count - 1);
        return [.. shown];
    }

    [GeneratedRegex(@"\u001b\[\d*[A-Z]|[\s\S]")]
    private static partial Regex Parts();
}
