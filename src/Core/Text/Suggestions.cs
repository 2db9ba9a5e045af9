namespace OnnxKd.Core.Text;

/// <summary>"Did you mean …?"</summary>
internal static class Suggestions
{
    /// <summary>The known word nearest to a misspelt one.</summary>
    /// <param name="word">What was written.</param>
    /// <param name="known">What could have been written.</param>
    /// <returns>The nearest word, or <c>null</c> if none is within a third of the word's length (at least one edit).</returns>
    public static string? Nearest(string word, IEnumerable<string> known)
    {
        var limit = Math.Max(1, word.Length / 3);
        var nearest = known.Select(k => (Word: k, Distance: Distance(word.ToLowerInvariant(), k.ToLowerInvariant())))
            .OrderBy(k => k.Distance).ThenBy(k => k.Word, StringComparer.Ordinal).FirstOrDefault((Word: null!, Distance: int.MaxValue));
        return nearest.Distance <= limit ? nearest.Word : null;
    }

    /// <summary>Edits (insertions, deletions, replacements, swaps of neighbours) between two words: optimal string alignment.</summary>
    public static int Distance(string a, string b)
    {
        var cost = new int[a.Length + 1, b.Length + 1];
        for (var i = 0; i <= a.Length; i++)
            cost[i, 0] = i;
        for (var j = 0; j <= b.Length; j++)
            cost[0, j] = j;
        for (var i = 1; i <= a.Length; i++)
        {
            for (var j = 1; j <= b.Length; j++)
            {
                var replace = cost[i - 1, j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
                cost[i, j] = Math.Min(replace, Math.Min(cost[i - 1, j], cost[i, j - 1]) + 1);
                if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                    cost[i, j] = Math.Min(cost[i, j], cost[i - 2, j - 2] + 1);
            }
        }
        return cost[a.Length, b.Length];
    }
}
