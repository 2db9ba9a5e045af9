using System.Globalization;
using System.Runtime.InteropServices;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Tensors;

namespace OnnxKd.Core.TransferSets;

/// <summary>
/// Tables of numbers as text, one sample a line, fields between commas, semicolons or tabs; a first line that is not all numbers is a
/// header. Samples become float32, labels int64. The label column is named, or counted from 0, or <c>last</c>.
/// </summary>
internal static class CsvFormat
{
    private const string LastColumn = "last";

    public static bool Matches(byte[] head) => head.Length > 0 && head.All(b => b >= ' ' || b is (byte)'\t' or (byte)'\r' or (byte)'\n');

    public static TensorFile Open(SourceFile file, TensorRequest request)
    {
        using var table = new CsvTable(file);
        if (request.Part != SetPart.Samples)
            return ReadIntegers(table, Column(table, request));
        if (request.Key is not null)
            throw new InputException(
                "A key of samples is given, but the samples of a CSV file are all its columns (without labels and lengths).",
                where: file.Path,
                found: $"key '{request.Key}'",
                remedy: "remove samples-key");
        return ReadSamples(table, [.. request.Neighbours.Select(other => Column(table, other))]);
    }

    private static int Column(CsvTable table, TensorRequest request)
    {
        var key = request.Key;
        if (key == LastColumn)
            return table.Columns - 1;
        if (int.TryParse(key, NumberStyles.None, CultureInfo.InvariantCulture, out var index) && index < table.Columns)
            return index;
        var names = table.Header ?? [.. Enumerable.Range(0, table.Columns).Select(column => $"{column}"), LastColumn];
        return table.Columns == 1 && key is null ? 0 : Array.IndexOf(names, request.Choose(names));
    }

    private static TensorFile ReadSamples(CsvTable table, IReadOnlyList<int> otherColumns)
    {
        var features = table.Columns - otherColumns.Count;
        if (features == 0)
            throw new InputException("A CSV file has labels or lengths, but no columns of samples.", where: table.Path);
        return Decode(table, ElementType.Float32, [features], (line, column, text, output) =>
        {
            if (otherColumns.Contains(column))
                return;
            if (!float.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) || !float.IsFinite(value))
                throw table.Bad("A value of a CSV file is not a finite number.", line, column, text, "a number such as 0.25 or 1e-3");
            output.Write(MemoryMarshal.AsBytes(new ReadOnlySpan<float>(in value)));
        });
    }

    private static TensorFile ReadIntegers(CsvTable table, int wanted) =>
        Decode(table, ElementType.Int64, [], (line, column, text, output) =>
        {
            if (column != wanted)
                return;
            // "3.0" is how some tools write an integer.
            if (!double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) || number != Math.Truncate(number)
                || Math.Abs(number) > int.MaxValue)
                throw table.Bad("A label or length of a CSV file is not an integer.", line, column, text, "an integer from 0");
            var value = (long)number;
            output.Write(MemoryMarshal.AsBytes(new ReadOnlySpan<long>(in value)));
        });

    private static TensorFile Decode(CsvTable table, ElementType type, long[] rowShape, CsvCell cell)
    {
        long rows = 0;
        var file = SourceFile.Decode(table.Path, output => rows = table.ForEachCell(output, cell));
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
