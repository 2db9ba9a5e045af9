using System.Globalization;
using System.Text;
using nietras.SeparatedValues;
using OnnxKd.Core.Errors;

namespace OnnxKd.Core.TransferSets;

/// <summary>
/// Tables as text, one sample a line (RFC 4180, and what is usual beside it: <see cref="TableOptions"/>). Lines without a value are skipped, so is a last
/// column that has neither a name nor a value (each line ends in a separator), and before the table Excel's <c>sep=;</c> and lines that begin with <c>#</c>.
/// </summary>
internal sealed class CsvTable : Table
{
    private readonly SepReader reader;
    private readonly int firstLine;
    private readonly bool hasRow;
    private readonly bool endsInSeparator;
    private readonly bool arePointsClear;
    private bool isFirst = true;

    /// <summary>Reads the first row: it gives the separator, the number of columns, and the header if there is one.</summary>
    /// <exception cref="InputException">Two columns have one name, or the line has no end.</exception>
    public CsvTable(SourceFile file, TableOptions options)
        : this(file, options, ReadBeginning(file, options))
    {
    }

    private CsvTable(SourceFile file, TableOptions options, CsvBeginning beginning)
        : base(file.Path, Decided(options, beginning))
    {
        firstLine = beginning.Lines + 1;
        Decimal = Options.Decimal ?? (beginning.HasDecimalPoints ? '.' : options.AlikeDecimal);
        arePointsClear = Decimal is not null || options.Thousands is not null;
        reader = (Sep.Reader() with
        {
            Sep = new Sep(beginning.Separator), HasHeader = false, DisableColCountCheck = true, Unescape = true, Trim = SepTrim.All,
            CultureInfo = CultureInfo.InvariantCulture,
        }).From(new CsvRowLimit(OpenTable(file, beginning), file.Path, firstLine));
        do
            hasRow = reader.MoveNext();
        while (hasRow && IsBlank);
        string[] fields = hasRow
            ? [.. Enumerable.Range(0, reader.Current.ColCount).Select(column => reader.Current[column].ToString())]
            : [""];
        Columns = fields.Length;
        if (!(options.Header ?? !fields.All(IsContent)))
            return;
        endsInSeparator = fields is [_, .., ""] && Array.Exists(fields, name => name.Length > 0);
        Header = endsInSeparator ? fields[..^1] : fields;
        Columns = Header.Length;
        if (Header.CountBy(name => name).FirstOrDefault(name => name.Value > 1 && name.Key.Length > 0) is { Key: { } doubled })
            throw new InputException(
                "Two columns of a CSV file have one name.", where: $"{Path}, line {firstLine}", found: $"'{doubled}'", remedy: "rename one of them");
    }

    /// <inheritdoc/>
    public override string Kind => "a CSV file";

    /// <inheritdoc/>
    public override char? Decimal { get; }

    /// <inheritdoc/>
    public override int Columns { get; }

    /// <inheritdoc/>
    public override string[]? Header { get; }

    /// <inheritdoc/>
    /// <remarks>Of the first row, Sep counts the lines to its end.</remarks>
    public override string Row => $"line {firstLine + (reader.Current.RowIndex == 0 ? 0 : reader.Current.LineNumberFrom - 1)}";

    /// <summary>Tells CSV from its beginning: text, or UTF-16 with its byte order mark.</summary>
    public static bool Matches(byte[] head) =>
        head is [0xff, 0xfe, ..] or [0xfe, 0xff, ..]
        || head.Length > 0 && head.All(b => b >= ' ' || b is (byte)'\t' or (byte)'\r' or (byte)'\n');

    /// <inheritdoc/>
    protected override bool GoOn()
    {
        // Without a header the first row was read already.
        var more = isFirst ? hasRow && (Header is null || reader.MoveNext()) : reader.MoveNext();
        isFirst = false;
        while (more && IsBlank)
            more = reader.MoveNext();
        if (more)
            RequireFields();
        return more;
    }

    private void RequireFields()
    {
        var fields = reader.Current.ColCount;
        if (fields == Columns)
            return;
        var (isOneMore, last) = (fields == Columns + 1, reader.Current[fields - 1].ToString());
        if (isOneMore && endsInSeparator)
        {
            if (last.Length == 0)
                return;
            throw new InputException(
                "A line of a CSV file has a value in a column without a name.", $"{Path}, {Row}", $"'{last}' in column {fields}", $"nothing behind the last separator, as in line {firstLine}",
                $"name the column in line {firstLine}, or remove the value");
        }

        throw new InputException(
            "A line of a CSV file has another number of fields.", $"{Path}, {Row}", $"{fields} fields", $"{Columns}, as in line {firstLine}",
            isOneMore && last.Length == 0 ? $"if all lines but line {firstLine} end in a separator, add one to that line" : "complete the line or remove it");
    }

    /// <inheritdoc/>
    public override bool IsMissing(int column) => Numbers.IsMissing(Text(column));

    /// <inheritdoc/>
    public override bool TryRead(int column, out float value) => Numbers.TryRead(Text(column), out value);

    /// <inheritdoc/>
    public override bool TryRead(int column, out double value) => Numbers.TryRead(Text(column), out value);

    /// <inheritdoc/>
    public override bool IsUnclear(int column) => !arePointsClear && CommaNumbers.Of(Text(column)) == CommaNumber.UnclearPoint;

    /// <inheritdoc/>
    public override ReadOnlySpan<char> Text(int column) => reader.Current[column].Span;

    /// <inheritdoc/>
    public override void Dispose() => reader.Dispose();

    /// <summary>Whether a line is empty, or nothing but separators, as spreadsheets leave them below a table.</summary>
    private bool IsBlank
    {
        get
        {
            var row = reader.Current;
            for (var column = 0; column < row.ColCount; column++)
                if (!row[column].Span.IsEmpty)
                    return false;
            return true;
        }
    }

    /// <summary>Whether a field of the first line is a value rather than a name.</summary>
    private bool IsContent(string field) =>
        Numbers.TryRead(field, out double _) || Numbers.IsMissing(field) || Options.Classes.Contains(field) || Options.Categories.Any(known => known.IndexOf(field) >= 0);

    /// <summary>A comma is the decimal sign where the file says so, or leaves it open and the set that it belongs to says so.</summary>
    private static TableOptions Decided(TableOptions options, CsvBeginning beginning) =>
        options.Decimal is null && options.Thousands != ',' && (beginning.HasDecimalCommas || !beginning.HasDecimalPoints && options.AlikeDecimal == ',')
            ? options with { Decimal = ',' } : options;

    private static CsvBeginning ReadBeginning(SourceFile file, TableOptions options)
    {
        using var text = OpenText(file);
        return CsvBeginning.Read(text, options.Separator);
    }

    /// <summary>Bytes that are no UTF-8 become a character that no text holds, at which <see cref="CsvRowLimit"/> stops.</summary>
    private static StreamReader OpenText(SourceFile file) => new(
        file.OpenStream(), Encoding.GetEncoding("utf-8", EncoderFallback.ReplacementFallback, new DecoderReplacementFallback($"{CsvRowLimit.NotUtf8}")),
        detectEncodingFromByteOrderMarks: true, bufferSize: 1 << 16);

    private static StreamReader OpenTable(SourceFile file, CsvBeginning beginning)
    {
        var text = OpenText(file);
        text.ReadBlock(new char[beginning.Characters], 0, beginning.Characters);
        return text;
    }
}
