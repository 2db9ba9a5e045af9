using System.Text;

namespace OnnxKd.Core.Metrics;

/// <summary>Levenshtein's distance (1966): how few insertions, deletions and substitutions turn one text into another.</summary>
internal static class EditDistance
{
    /// <summary>The distance in Unicode scalar values; nothing is normalised first.</summary>
    public static int Between(string first, string second)
    {
        Rune[] rows = [.. first.EnumerateRunes()], columns = [.. second.EnumerateRunes()];
        var above = new int[columns.Length + 1]; // from the start of the first text to each start of the second
        var current = new int[columns.Length + 1];
        for (var column = 0; column <= columns.Length; column++)
            above[column] = column;
        for (var row = 1; row <= rows.Length; row++)
        {
            current[0] = row;
            for (var column = 1; column <= columns.Length; column++)
            {
                var replaced = above[column - 1] + (rows[row - 1] == columns[column - 1] ? 0 : 1);
                current[column] = Math.Min(replaced, 1 + Math.Min(above[column], current[column - 1]));
            }
            (above, current) = (current, above);
        }
        return above[^1];
    }
}
