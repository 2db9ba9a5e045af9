namespace OnnxKd.Core.TransferSets;

/// <summary>What the beginning of a CSV file tells: what stands before the table, and what lies between its fields.</summary>
/// <param name="Characters">Characters before the table: Excel's <c>sep=;</c> in the first line, and comments.</param>
/// <param name="Lines">Lines before the table.</param>
/// <param name="Separator">The one that is said, else the first of the usual separators that the table's first line has.</param>
/// <param name="HasDecimalCommas">Whether some fields are numbers whose comma can only stand before their fraction, and none has a point.</param>
/// <param name="HasDecimalPoints">Whether some fields are numbers whose point can only stand before their fraction; between commas none else can, but in quotes.</param>
internal readonly record struct CsvBeginning(int Characters, int Lines, char Separator, bool HasDecimalCommas, bool HasDecimalPoints)
{
    private const int MostCharacters = 1 << 16;
    private const string SeparatorLine = "sep=";
    private const char Comment = '#';

    private static readonly char[] separators = ['\t', ';', ',', '|'];

    /// <summary>Reads it.</summary>
    /// <param name="text">The file.</param>
    /// <param name="separator">What lies between fields, if it is said elsewhere.</param>
    public static CsvBeginning Read(TextReader text, char? separator)
    {
        var room = new char[MostCharacters];
        ReadOnlySpan<char> table = room.AsSpan(0, text.ReadBlock(room, 0, room.Length));
        var (all, lines, said) = (table.Length, 0, (char?)null);
        for (; ; lines++)
        {
            var end = table.IndexOfAny('\r', '\n');
            var line = end < 0 ? table : table[..end];
            if (lines == 0 && line.Trim('"') is [.. var key, var sign] && key.Equals(SeparatorLine, StringComparison.OrdinalIgnoreCase))
                said = sign;
            else if (line is not [Comment, ..])
                break;
            table = end < 0 ? [] : table[(end + (table[end..] is ['\r', '\n', ..] ? 2 : 1))..];
        }
        var between = separator ?? said ?? FindSeparator(table);
        var (hasCommas, hasPoints) = FindDecimals(all < room.Length ? table : table[..Math.Max(0, table.LastIndexOf('\n'))], between);
        return new(all - table.Length, lines, between, hasCommas, hasPoints);
    }

    private static (bool Commas, bool Points) FindDecimals(ReadOnlySpan<char> table, char separator)
    {
        if (separator == ',')
            return (false, !AreQuotedUnclear(table));
        var (hasCommas, hasPoints, hasUnclear) = (false, false, false);
        foreach (var field in table.SplitAny([separator, '\n']))
        {
            var number = CommaNumbers.Of(table[field]);
            hasCommas |= number == CommaNumber.Decimal;
            hasPoints |= number == CommaNumber.Point;
            hasUnclear |= number == CommaNumber.UnclearPoint;
        }

        return (hasCommas && !hasPoints && !hasUnclear, hasPoints);
    }

    /// <summary>Whether between commas points stand in quoted numbers alone, which may be thousands: there a number with a decimal comma would be quoted too.</summary>
    private static bool AreQuotedUnclear(ReadOnlySpan<char> table)
    {
        var (isQuoted, isUnclear) = (false, false);
        foreach (var between in table.Split('"'))
        {
            var text = table[between];
            var quoted = isQuoted ? CommaNumbers.Of(text) : CommaNumber.None;
            isUnclear |= quoted == CommaNumber.UnclearPoint;
            if (quoted == CommaNumber.Point || !isQuoted && HasPoint(text))
                return false;
            isQuoted = !isQuoted;
        }

        return isUnclear;
    }

    private static bool HasPoint(ReadOnlySpan<char> fields)
    {
        foreach (var field in fields.SplitAny([',', '\n']))
            if (CommaNumbers.Of(fields[field]) is CommaNumber.Point or CommaNumber.UnclearPoint)
                return true;
        return false;
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
