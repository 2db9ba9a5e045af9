using System.Collections.Frozen;
using System.Globalization;

namespace OnnxKd.Core.TransferSets;

/// <summary>What the fields of a table stand for.</summary>
internal sealed class TableNumbers
{
    /// <summary>What other tools write where there is no value.</summary>
    private static readonly string[] usual = ["", "NA", "N/A", "n/a", "#N/A", "<NA>", "NaN", "nan", "-nan", "NULL", "null", "None", "?"];

    private readonly FrozenSet<string>.AlternateLookup<ReadOnlySpan<char>> missing;
    private readonly NumberStyles style;
    private readonly NumberFormatInfo format;
    private readonly char? thousands;

    /// <summary>Takes the decimal and the thousands separator of a table, and its texts for missing values.</summary>
    public TableNumbers(TableOptions options)
    {
        missing = usual.Concat(options.MissingTexts).ToFrozenSet().GetAlternateLookup<ReadOnlySpan<char>>();
        style = NumberStyles.Float | (options.Thousands is null ? 0 : NumberStyles.AllowThousands);
        format = (NumberFormatInfo)NumberFormatInfo.InvariantInfo.Clone();
        format.NumberDecimalSeparator = $"{options.Decimal ?? '.'}";
        thousands = options.Thousands;
        format.NumberGroupSeparator = $"{thousands}";
    }

    /// <summary>Whether there is no value.</summary>
    public bool IsMissing(ReadOnlySpan<char> text) => missing.Contains(text);

    /// <summary>Reads a number; <c>true</c> and <c>false</c> are 1 and 0.</summary>
    public bool TryRead(ReadOnlySpan<char> text, out double value)
    {
        if (double.TryParse(text, style, format, out value))
            return IsGrouped(text);
        value = text.Equals("true", StringComparison.OrdinalIgnoreCase) ? 1 : 0;
        return value == 1 || text.Equals("false", StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>Reads a number as a feature: rounded once, from its digits.</summary>
    public bool TryRead(ReadOnlySpan<char> text, out float value)
    {
        if (float.TryParse(text, style, format, out value))
            return IsGrouped(text);
        var isWord = TryRead(text, out double word);
        value = (float)word;
        return isWord;
    }

    /// <summary>
    /// Whether the separators of thousands part groups: three digits in the last, two (in India) or three in those before it. .NET passes them over wherever they are, so
    /// that 0.5 would be 5 where points part thousands.
    /// </summary>
    private bool IsGrouped(ReadOnlySpan<char> text)
    {
        if (thousands is not { } separator || text.LastIndexOf(separator) is not (>= 0 and var last))
            return true;
        var (begin, end) = (text.IndexOfAnyInRange('0', '9'), last + 1);
        while (end < text.Length && char.IsAsciiDigit(text[end]))
            end++;
        if (begin > text.IndexOf(separator) || end - last - 1 != 3)
            return false;
        var isFirst = true;
        foreach (var group in text[begin..last].Split(separator))
        {
            var (_, digits) = group.GetOffsetAndLength(last - begin);
            if (digits is not (2 or 3) && !(isFirst && digits == 1))
                return false;
            isFirst = false;
        }

        return true;
    }
}
