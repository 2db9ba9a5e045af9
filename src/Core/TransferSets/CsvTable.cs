using System.Globalization;
using System.Text;
using OnnxKd.Core.Errors;

namespace OnnxKd.Core.TransferSets;

/// <summary>Handles one field of a table.</summary>
internal delegate void CsvCell(long line, int column, ReadOnlySpan<char> text, Stream output);

/// <summary>The lines and fields of a CSV file, read once as a stream.</summary>
internal sealed class CsvTable : IDisposable
{
    private readonly StreamReader reader;
    private readonly string firstLine;
    private readonly char separator;

    /// <summary>Reads the first line: it gives the separator, the number of columns, and the header if it is not all numbers.</summary>
    public CsvTable(SourceFile file)
    {
        Path = file.Path;
        reader = new(file.OpenStream(), Encoding.UTF8, detectEncodingFromByteOrderMarks: true, bufferSize: 1 << 16);
        firstLine = reader.ReadLine() ?? "";
        separator = firstLine.Contains('\t') ? '\t' : firstLine.Contains(';') ? ';' : ',';
        var fields = firstLine.Split(separator).Select(f => Clean(f).ToString()).ToArray();
        Columns = fields.Length;
        if (!fields.All(f => double.TryParse(f, NumberStyles.Float, CultureInfo.InvariantCulture, out _)))
            Header = fields;
    }

    /// <summary>The file, for messages.</summary>
    public string Path { get; }

    /// <summary>Columns of the table.</summary>
    public int Columns { get; }

    /// <summary>The names of the columns, if the first line has them.</summary>
    public string[]? Header { get; }

    /// <summary>Hands every field below the header to a callback; blank lines are skipped.</summary>
    /// <returns>The number of rows.</returns>
    /// <exception cref="InputException">A line has another number of fields.</exception>
    public long ForEachCell(Stream output, CsvCell cell)
    {
        long rows = 0;
        var line = Header is null ? 1 : 2;
        for (var text = Header is null ? firstLine : reader.ReadLine(); text is not null; text = reader.ReadLine(), line++)
        {
            if (string.IsNullOrWhiteSpace(text))
                continue;
            var column = 0;
            foreach (var range in text.AsSpan().Split(separator))
            {
                if (column < Columns)
                    cell(line, column, Clean(text.AsSpan(range)), output);
                column++;
            }
            if (column != Columns)
                throw new InputException(
                    "A line of a CSV file has another number of fields.",
                    where: $"{Path}, line {line}",
                    found: $"{column} fields",
                    expected: $"{Columns}, as in line 1",
                    remedy: "complete the line or remove it");
            rows++;
        }
        return rows;
    }

    /// <summary>An error about one field.</summary>
    public InputException Bad(string what, long line, int column, ReadOnlySpan<char> text, string expected) => new(
        what,
        where: $"{Path}, line {line}, column {column + 1}{(Header is null ? "" : $" ({Header[column]})")}",
        found: text.IsEmpty ? "nothing" : $"'{text}'",
        expected: expected,
        remedy: "correct the value or remove the line");

    /// <inheritdoc/>
    public void Dispose() => reader.Dispose();

    private static ReadOnlySpan<char> Clean(ReadOnlySpan<char> field) => field.Trim().Trim('"').Trim();
}
