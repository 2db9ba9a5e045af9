using System.Globalization;
using System.Runtime.InteropServices;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Tensors;

namespace OnnxKd.Core.TransferSets;

/// <summary>Makes tensors of tables: a sample of each row, features in float32, labels, lengths and ids in int64.</summary>
internal static class TableFormat
{
    // From here on a double does not hold every whole number.
    private const double LargestExact = 1L << 53;

    /// <summary>Decodes what is wanted of a table, which is closed afterwards.</summary>
    /// <exception cref="InputException">A column is not there, or a field is not what it should be.</exception>
    public static TensorFile Open(Table table, TensorRequest request)
    {
        using (table)
        {
            var columns = TableColumns.Find(table, request);
            if (request.IsOfNumbers)
            {
                var features = new TableFeatures(table, columns.Features, request.Part == SetPart.Samples);
                return Decode(table, columns, ElementType.Float32, features.Shape, features.Write, features);
            }

            var wanted = TableColumns.Find(request, table);
            if (table.ShapeOf(wanted).Count > 0)
                throw new InputException($"A column of {table.Kind} holds lists where it should hold integers.", table.Path, table.Header?[wanted]);
            Func<int, long> read = request.Part switch
            {
                SetPart.Labels when table.Options.Classes.Count > 0 => column => Class(table, column),
                SetPart.Groups => column => Group(table, column, request.GroupNumbers),
                _ => column => Integer(table, column, request.Part),
            };
            return Decode(table, columns, ElementType.Int64, [], output => Write(output, read(wanted)));
        }
    }

    private static long Integer(Table table, int column, SetPart part)
    {
        // "3.0" is how some tools write an integer.
        if (table.TryRead(column, out double number) && number == Math.Truncate(number) && Math.Abs(number) <= int.MaxValue)
            return (long)number;
        var bad = table.IsMissing(column) ? table.Bad(
            $"A label, length or id of {table.Kind} is missing.", column, "an integer from 0",
            "complete the row, or set table.missing to 'drop', which leaves out what has none") : table.Bad(
            $"A label, length or id of {table.Kind} is not an integer.", column, "an integer from 0",
            "correct the value or remove the row; texts need the names of the classes in the order of their indices, which is the teacher's (table.classes: [NAME, ...])");
        throw part == SetPart.Labels && table.Rows == 1 && TextColumns.FindLabels(table, column) is { } texts ? texts : bad;
    }

    private static long Class(Table table, int column)
    {
        for (var i = 0; i < table.Options.Classes.Count; i++)
            if (table.Text(column).SequenceEqual(table.Options.Classes[i]))
                return i;
        throw table.Bad(
            $"A label of {table.Kind} is not among the classes.", column, string.Join(", ", table.Options.Classes), "correct the value, or table.classes");
    }

    /// <summary>Groups are compared and nothing else: a number or a text is as good as another.</summary>
    private static long Group(Table table, int column, Dictionary<string, long> numbers)
    {
        if (table.IsMissing(column))
            throw table.Bad($"A group of {table.Kind} is missing.", column, "a number or a text", "complete the row, or set table.missing to 'drop'");
        // 7 and 7.0 are one group; of longer numbers a double does not hold every digit.
        var name = table.TryRead(column, out double number) && Math.Abs(number) < LargestExact ? number.ToString("R", CultureInfo.InvariantCulture) : table.Text(column).ToString();
        if (!numbers.TryGetValue(name, out var group))
            numbers[name] = group = numbers.Count;
        return group;
    }

    private static void Write<T>(Stream output, T value)
        where T : unmanaged => output.Write(MemoryMarshal.AsBytes(new ReadOnlySpan<T>(in value)));

    /// <summary>Where in a row's values missing numbers are filled in; of lists, whose values have no column of their own, nothing is said.</summary>
    private static IReadOnlyList<(int Value, float Filler)> FillersOfValues(Table table, IReadOnlyList<int> features, long[] rowShape)
    {
        int[] widths = [.. features.Select(column => table.CategoriesOf(column) is { IsOneHot: true } known ? known.Texts.Count : 1)];
        if (widths.Sum() != rowShape.Aggregate(1L, (product, size) => product * size))
            return [];
        var (fillers, value) = (new List<(int, float)>(), 0);
        foreach (var (column, width) in features.Zip(widths))
        {
            if (table.FillerOf(column) is { } filler && table.CategoriesOf(column) is null)
                fillers.Add((value, filler));
            value += width;
        }
        return fillers;
    }

    /// <summary>Writes the rows of a table that count into a tensor.</summary>
    public static TensorFile Decode(Table table, TableColumns columns, ElementType type, long[] rowShape, Action<Stream> write, TableFeatures? features = null)
    {
        long rows = 0;
        int[] deciding = [.. columns.Features.Concat(columns.Others).Where(table.DropsMissing)];
        var file = SourceFile.Decode(table.Path, output =>
        {
            while (table.MoveNext())
            {
                if (Array.Exists(deciding, table.Lacks))
                    continue;
                write(output);
                rows++;
            }
        });
        try
        {
            return new(file, 0, file.Length, type, bigEndian: !BitConverter.IsLittleEndian, [rows, .. rowShape])
            {
                IsTable = true, Columns = table.Header is { } names ? [.. columns.Features.Select(column => names[column])] : [], HasRowNames = columns.HasRowNames,
                Categories = features?.Categories ?? [], ValueNames = features?.Names ?? [], LeftOut = [.. columns.LeftOut.Select(column => table.Header![column])],
                Fillers = [.. columns.Features.Where(column => table.FillerOf(column) is not null && table.CategoriesOf(column) is null).Select(column => new ColumnMissing(table.NameOf(column), table.FillerOf(column)))],
                FillersOfValues = FillersOfValues(table, columns.Features, rowShape),
                Rounded = [.. table.Rounded], LostDetails = [.. table.LostDetails], Decimal = table.Decimal,
            };
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }
}
