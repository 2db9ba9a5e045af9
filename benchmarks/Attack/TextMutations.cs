namespace OnnxKd.Benchmarks.Attack;

/// <summary>Edits of text: lines gone, twice or elsewhere, and words that YAML, JSON, CSV or a reader of numbers may stumble over.</summary>
internal static class TextMutations
{
    private static readonly string[] words =
    [
        "[", "]", "{", "}", "&a ", "*a", "? ", ": ", "- ", "---\n", "...\n", "!!binary ", "!!map ", "<<: ", "|\n", ">\n", "'", "\"", "\t", "\0", "\u001b[31m", "\ufeff",
        "99999999999999999999", "1e309", "-1", "0", "nan", ".inf", "1/0", "0/0", "2147483648", "none", "true", "#", "%YAML 9.9\n", ",", ";", "\r", "\r\n", "\u2028",
    ];

    public static byte[] Apply(byte[] bytes, Dice dice)
    {
        var text = System.Text.Encoding.UTF8.GetString(bytes);
        for (var count = 1 + dice.Below(3); count > 0; count--)
            text = Once(text, dice);
        return System.Text.Encoding.UTF8.GetBytes(text);
    }

    private static string Once(string text, Dice dice)
    {
        List<string> lines = [.. text.Split('\n')];
        var at = dice.Below(lines.Count);
        switch (dice.Below(7))
        {
            case 0: lines.RemoveAt(at); break;
            case 1: lines.Insert(dice.Below(lines.Count + 1), lines[at]); break;
            case 2: lines[at] = "  " + lines[at]; break;
            case 3: return text.Insert(dice.Below(text.Length + 1), string.Concat(Enumerable.Repeat(dice.Of(words), dice.OneIn(6) ? 20_000 : 1)));
            case 4 when text.Length > 0: // one number for another
                var start = text.IndexOfAny([.. "0123456789"], dice.Below(text.Length));
                return start < 0 ? text : text[..start] + dice.Extreme() + text[(start + 1)..];
            default: return text.Insert(dice.Below(text.Length + 1), dice.Of(words));
        }
        return string.Join('\n', lines);
    }
}
