namespace OnnxKd.Core.TransferSets;

/// <summary>What the beginning of a CSV file tells: what stands before the table, and what lies between its fields.</summary>
/// <param name="Characters">Characters before the table: Excel's <c>sep=;</c> in the first line, and comments.</param>
/// <param name="Lines">Lines before the table.</param>
/// <param name="Separator">What that line says, else the first of the usual separators that the table's first line has.</param>
internal readonly record struct CsvBeginning(int Characters, int Lines, char Separator)
{
    private const int MostCharacters = 1 << 16;
    private const string SeparatorLine = "sep=";
    private const char Comment = '#';

    private static readonly char[] separators = ['\t', ';', ',', '|'];

    /// <summary>Reads it.</summary>
    public static CsvBeginning Read(TextReader text)
    {
        var room = new char[MostCharacters];
        ReadOnlySpan<char> table = room.AsSpan(0, text.ReadBlock(room, 0, room.Length));
        var (all, lines, said) = (table.Length, 0, (char?)null);
        for (; ; lines++)
        {
            var end = table.IndexOfAny('\r', '\n');
            var line = end < 0 ? table : table[..end];
            if (lines == 0 && line.Trim('"') is [.. var key, var separator] && key.Equals(SeparatorLine, StringComparison.OrdinalIgnoreCase))
                said = separator;
            else if (line is not [Comment, ..])
                break;
            table = end < 0 ? [] : table[(end + (table[end..] is ['\r', '\n', ..] ? 2 : 1))..];
        }
        return new(all - table.Length, lines, said ?? FindSeparator(table));
    }

    private static char FindSeparator(ReadOnlySpan<char> table)
    {
        var (isQuoted, isBlank, found) = (false, true, separators.Length);
        foreach (var character in table)
        {
            if (character == '"')
                isQuoted = !isQuoted;
            else if (!isQuoted && !isBlank && character is '\n' or '\r')
                break;
            else if (!isQuoted && Array.IndexOf(separators, character) is >= 0 and var index)
                found = Math.Min(found, index);
            isBlank &= char.IsWhiteSpace(character) && character != '\t';
        }
        return found < separators.Length ? separators[found] : ',';
    }
}
