using System.Collections.Frozen;
using System.Globalization;

namespace OnnxKd.Core.TransferSets;

/// <summary>What the fields of a table stand for.</summary>
internal sealed class TableNumbers
{
    /// <summary>What other tools write where there is no value.</summary>
    private static readonly string[] usual = ["", "NA", "N/A", "<NA>", "NaN", "nan", "-nan", "NULL", "null", "None", "?"];

    private readonly FrozenSet<string>.AlternateLookup<ReadOnlySpan<char>> missing;
    private readonly NumberStyles style;
    private readonly NumberFormatInfo format;

    /// <summary>Takes the decimal and the thousands separator of a table, and its texts for missing values.</summary>
    public TableNumbers(TableOptions options)
    {
        missing = usual.Concat(options.MissingTexts).ToFrozenSet().GetAlternateLookup<ReadOnlySpan<char>>();
        style = NumberStyles.Float | (options.Thousands is null ? 0 : NumberStyles.AllowThousands);
        format = (NumberFormatInfo)NumberFormatInfo.InvariantInfo.Clone();
        format.NumberDecimalSeparator = $"{options.Decimal ?? '.'}";
        format.NumberGroupSeparator = options.Thousands is { } thousands ? $"{thousands}" : "";
    }

    /// <summary>Whether there is no value.</summary>
    public bool IsMissing(ReadOnlySpan<char> text) => missing.Contains(text);

    /// <summary>Reads a number; <c>true</c> and <c>false</c> are 1 and 0.</summary>
    public bool TryRead(ReadOnlySpan<char> text, out double value)
    {
        if (double.TryParse(text, style, format, out value))
            return true;
        value = text.Equals("true", StringComparison.OrdinalIgnoreCase) ? 1 : 0;
        return value == 1 || text.Equals("false", StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>Reads a number as a feature: rounded once, from its digits.</summary>
    public bool TryRead(ReadOnlySpan<char> text, out float value)
    {
        if (float.TryParse(text, style, format, out value))
            return true;
        var isWord = TryRead(text, out double word);
        value = (float)word;
        return isWord;
    }
}
