using System.Globalization;
using System.Text;
using nietras.SeparatedValues;
using OnnxKd.Core.Errors;

namespace OnnxKd.Core.TransferSets;

/// <summary>Handles one row of a table: its line, and its fields by column.</summary>
internal delegate void CsvRow(long line, SepReader.Row row);

/// <summary>The lines and fields of a CSV file, read once as a stream.</summary>
internal sealed class CsvTable : IDisposable
{
    private static readonly char[] separators = ['\t', ';', ',', '|'];

    private readonly SepReader reader;
    private readonly bool hasRow;

    /// <summary>Reads the first row: it gives the separator, the number of columns, and the header if there is one.</summary>
    /// <exception cref="InputException">Two columns have one name, or the line has no end.</exception>
    public CsvTable(SourceFile file, CsvOptions options)
    {
        (Path, Options, Numbers) = (file.Path, options, new(options));
        var separator = new Sep(options.Separator ?? FindSeparator(file));
        reader = (Sep.Reader() with
        {
            Sep = separator, HasHeader = false, DisableColCountCheck = true, Unescape = true, Trim = SepTrim.All,
            CultureInfo = CultureInfo.InvariantCulture,
        }).From(new CsvRowLimit(OpenText(file), file.Path));
        do
            hasRow = reader.MoveNext();
        while (hasRow && IsBlank(reader.Current));
        string[] fields = hasRow
            ? [.. Enumerable.Range(0, reader.Current.ColCount).Select(column => reader.Current[column].ToString())]
            : [""];
        Columns = fields.Length;
        if (!(options.Header ?? !fields.All(IsContent)))
            return;
        Header = fields;
        if (Header.CountBy(name => name).FirstOrDefault(name => name.Value > 1 && name.Key.Length > 0) is { Key: { } doubled })
            throw new InputException(
                "Two columns of a CSV file have one name.", where: $"{Path}, line 1", found: $"'{doubled}'", remedy: "rename one of them");
    }

    /// <summary>The file, for messages.</summary>
    public string Path { get; }

    /// <summary>How it is read.</summary>
    public CsvOptions Options { get; }

    /// <summary>How its fields are read.</summary>
    public CsvNumbers Numbers { get; }

    /// <summary>Columns of the table.</summary>
    public int Columns { get; }

    /// <summary>The names of the columns, if the first line has them.</summary>
    public string[]? Header { get; }

    /// <summary>Hands every row below the header to a callback; blank lines are skipped.</summary>
    /// <exception cref="InputException">A line has another number of fields.</exception>
    public void ForEachRow(CsvRow handle)
    {
        for (var more = hasRow && (Header is null || reader.MoveNext()); more; more = reader.MoveNext())
        {
            var row = reader.Current;
            if (IsBlank(row))
                continue;
            // Of the first row, Sep counts the lines to its end.
            var line = row.RowIndex == 0 ? 1 : row.LineNumberFrom;
            if (row.ColCount != Columns)
                throw new InputException(
                    "A line of a CSV file has another number of fields.",
                    where: $"{Path}, line {line}",
                    found: $"{row.ColCount} fields",
                    expected: $"{Columns}, as in line 1",
                    remedy: "complete the line or remove it");
            handle(line, row);
        }
    }

    /// <summary>An error about one field.</summary>
    public InputException Bad(
        string what, long line, int column, ReadOnlySpan<char> text, string expected, string remedy = "correct the value or remove the line") =>
        new(
            what,
            where: $"{Path}, line {line}, column {column + 1}{(Header is null ? "" : $" ({Header[column]})")}",
            found: text.IsEmpty ? "nothing" : $"'{text}'",
            expected: expected,
            remedy: remedy);

    /// <inheritdoc/>
    public void Dispose() => reader.Dispose();

    private static bool IsBlank(SepReader.Row row) => row.ColCount == 1 && row[0].Span.IsEmpty;

    /// <summary>Whether a field of the first line is a value rather than a name.</summary>
    private bool IsContent(string field) =>
        Numbers.TryRead(field, out double _) || CsvNumbers.IsMissing(field) || Options.Classes.Contains(field);

    private static StreamReader OpenText(SourceFile file) =>
        new(file.OpenStream(), Encoding.UTF8, detectEncodingFromByteOrderMarks: true, bufferSize: 1 << 16);

    private static char FindSeparator(SourceFile file)
    {
        using var text = OpenText(file);
        var beginning = new char[1 << 16];
        var length = text.ReadBlock(beginning, 0, beginning.Length);
        var (isQuoted, isBlank, found) = (false, true, separators.Length);
        foreach (var character in beginning.AsSpan(0, length))
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
