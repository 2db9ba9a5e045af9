using System.Runtime.InteropServices;
using nietras.SeparatedValues;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Tensors;

namespace OnnxKd.Core.TransferSets;

/// <summary>
/// Tables of numbers as text, one sample a line (RFC 4180, and what is usual beside it: <see cref="CsvOptions"/>). Samples become
/// float32, labels int64.
/// </summary>
internal static class CsvFormat
{
    public static bool Matches(byte[] head) =>
        head is [0xff, 0xfe, ..] or [0xfe, 0xff, ..] // UTF-16
        || head.Length > 0 && head.All(b => b >= ' ' || b is (byte)'\t' or (byte)'\r' or (byte)'\n');

    public static TensorFile Open(SourceFile file, TensorRequest request)
    {
        if (request is { IsOfNumbers: true, Key: not null })
            throw new InputException(
                "A key of samples is given, but the samples of a CSV file are all its columns (without labels and lengths).",
                where: file.Path,
                found: $"key '{request.Key}'",
                remedy: "remove samples-key, or name the columns in csv.features");
        using var table = new CsvTable(file, request.Options.Csv);
        var columns = CsvColumns.Find(table, request);
        if (request.IsOfNumbers)
            return Decode(table, columns, ElementType.Float32, [columns.Features.Count], (line, row, output) =>
            {
                foreach (var column in columns.Features)
                    Write(output, Feature(table, line, column, row[column].Span));
            });
        var wanted = CsvColumns.Find(request, table);
        var isLabel = request.Part == SetPart.Labels;
        return Decode(table, columns, ElementType.Int64, [], (line, row, output) =>
            Write(output, isLabel && table.Options.Classes.Count > 0
                ? Class(table, line, wanted, row[wanted].Span)
                : Integer(table, line, wanted, row[wanted].Span)));
    }

    private static float Feature(CsvTable table, long line, int column, ReadOnlySpan<char> text)
    {
        if (CsvNumbers.IsMissing(text))
            return table.Options.MissingValue ?? throw table.Bad(
                "A value of a CSV file is missing.", line, column, text, "a number such as 0.25 or 1e-3",
                "complete the line, or set csv.missing to a number or to 'drop'");
        if (!table.Numbers.TryRead(text, out float value) || !float.IsFinite(value))
            throw table.Bad(
                "A value of a CSV file is not a finite number.", line, column, text, $"a number such as 0{table.Options.Decimal}25 or 1e-3",
                text.ContainsAny(',', '.')
                    ? "correct the value, or set csv.decimal and csv.thousands"
                    : "correct the value, or name the column in csv.drop");
        return value;
    }

    private static long Integer(CsvTable table, long line, int column, ReadOnlySpan<char> text)
    {
        // "3.0" is how some tools write an integer.
        if (table.Numbers.TryRead(text, out double number) && number == Math.Truncate(number) && Math.Abs(number) <= int.MaxValue)
            return (long)number;
        throw table.Bad(
            "A label or length of a CSV file is not an integer.", line, column, text, "an integer from 0",
            "correct the value or remove the line; names of classes are listed in csv.classes");
    }

    private static long Class(CsvTable table, long line, int column, ReadOnlySpan<char> text)
    {
        for (var i = 0; i < table.Options.Classes.Count; i++)
            if (text.SequenceEqual(table.Options.Classes[i]))
                return i;
        throw table.Bad(
            "A label of a CSV file is not among the classes.", line, column, text, string.Join(", ", table.Options.Classes),
            "correct the value, or csv.classes");
    }

    private static void Write<T>(Stream output, T value)
        where T : unmanaged => output.Write(MemoryMarshal.AsBytes(new ReadOnlySpan<T>(in value)));

    private static TensorFile Decode(
        CsvTable table, CsvColumns columns, ElementType type, long[] rowShape, Action<long, SepReader.Row, Stream> write)
    {
        long rows = 0;
        int[] used = table.Options.DropMissing ? [.. columns.Features, .. columns.Others] : [];
        var file = SourceFile.Decode(table.Path, output => table.ForEachRow((line, row) =>
        {
            foreach (var column in used)
                if (CsvNumbers.IsMissing(row[column].Span))
                    return;
            write(line, row, output);
            rows++;
        }));
        try
        {
            return new(file, 0, file.Length, type, bigEndian: !BitConverter.IsLittleEndian, [rows, .. rowShape]);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }
}
