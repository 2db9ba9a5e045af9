using System.Globalization;
using System.Runtime.InteropServices;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Tensors;

namespace OnnxKd.Core.TransferSets;

/// <summary>Makes tensors of tables: a sample of each row, features in float32, labels, lengths and ids in int64.</summary>
internal static class TableFormat
{
    private const string Signs = "%$€£ ";

    /// <summary>Decodes what is wanted of a table, which is closed afterwards.</summary>
    /// <exception cref="InputException">A column is not there, or a field is not what it should be.</exception>
    public static TensorFile Open(Table table, TensorRequest request)
    {
        using (table)
        {
            var columns = TableColumns.Find(table, request);
            if (request.IsOfNumbers)
            {
                int[][] shapes = [.. columns.Features.Select(column => table.ShapeOf(column).ToArray())];
                // One column of lists keeps their shape; beside others, all values stand in a row.
                long[] shape = shapes is [{ Length: > 0 } only]
                    ? [.. only.Select(size => (long)size)]
                    : [shapes.Sum(sizes => sizes.Aggregate(1L, (product, size) => product * size))];
                return Decode(table, columns, ElementType.Float32, shape, output =>
                {
                    for (var i = 0; i < shapes.Length; i++)
                        if (shapes[i].Length > 0)
                            WriteList(table, columns.Features[i], output);
                        else
                            Write(output, Feature(table, columns.Features[i]));
                });
            }

            var wanted = TableColumns.Find(request, table);
            if (table.ShapeOf(wanted).Count > 0)
                throw new InputException($"A column of {table.Kind} holds lists where it should hold integers.", table.Path, table.Header?[wanted]);
            Func<Table, int, long> read = request.Part switch
            {
                SetPart.Labels when table.Options.Classes.Count > 0 => Class,
                SetPart.Groups => (_, column) => Group(table, column, request.GroupNumbers),
                _ => Integer,
            };
            return Decode(table, columns, ElementType.Int64, [], output => Write(output, read(table, wanted)));
        }
    }

    /// <summary>A field as a number; what is missing there becomes what the options say.</summary>
    public static float Feature(Table table, int column)
    {
        if (table.IsMissing(column))
            return table.Options.MissingValue ?? throw Missing(table, column);
        if (!table.TryRead(column, out float value) || !float.IsFinite(value))
            throw table.Bad(
                $"A value of {table.Kind} is not a finite number.", column, $"a number such as 0{table.Options.Decimal}25 or 1e-3",
                table.Numbers.TryRead(table.Text(column).Trim(Signs), out float _) ? "remove the sign beside the number"
                    : table.Text(column).ContainsAny(',', '.')
                    ? "correct the value, or set table.decimal and table.thousands"
                    : "correct the value, or name the column in table.drop; a text for what is missing belongs into table.missing-texts");
        return value;
    }

    /// <summary>Writes a field that is a list.</summary>
    public static void WriteList(Table table, int column, Stream output)
    {
        if (table.IsMissing(column))
        {
            var filler = table.Options.MissingValue ?? throw Missing(table, column);
            foreach (var value in table.List(column))
                Write(output, float.IsNaN(value) ? filler : value);
            return;
        }

        var values = table.List(column);
        if (values.ContainsAnyExceptInRange(float.MinValue, float.MaxValue))
            throw table.Bad($"A list of {table.Kind} holds a value that is not finite.", column, "finite numbers", "correct it, or name the column in table.drop");
        output.Write(MemoryMarshal.AsBytes(values));
    }

    private static InputException Missing(Table table, int column) => table.Bad(
        $"A value of {table.Kind} is missing.", column, "a number such as 0.25 or 1e-3", "complete the row, or set table.missing to a number or to 'drop'");

    private static long Integer(Table table, int column)
    {
        // "3.0" is how some tools write an integer.
        if (table.TryRead(column, out double number) && number == Math.Truncate(number) && Math.Abs(number) <= int.MaxValue)
            return (long)number;
        throw table.Bad(
            $"A label, length or id of {table.Kind} is not an integer.", column, "an integer from 0",
            "correct the value or remove the row; texts need the names of the classes in the order of their indices, which is the teacher's (table.classes: [NAME, ...])");
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
        var name = table.TryRead(column, out double number) ? number.ToString("R", CultureInfo.InvariantCulture) : table.Text(column).ToString();
        if (!numbers.TryGetValue(name, out var group))
            numbers[name] = group = numbers.Count;
        return group;
    }

    private static void Write<T>(Stream output, T value)
        where T : unmanaged => output.Write(MemoryMarshal.AsBytes(new ReadOnlySpan<T>(in value)));

    /// <summary>Writes the rows of a table that count into a tensor.</summary>
    public static TensorFile Decode(Table table, TableColumns columns, ElementType type, long[] rowShape, Action<Stream> write)
    {
        long rows = 0;
        int[] used = table.Options.DropMissing ? [.. columns.Features, .. columns.Others] : [];
        var file = SourceFile.Decode(table.Path, output =>
        {
            while (table.MoveNext())
            {
                if (Array.Exists(used, table.IsMissing))
                    continue;
                write(output);
                rows++;
            }
        });
        try
        {
            return new(file, 0, file.Length, type, bigEndian: !BitConverter.IsLittleEndian, [rows, .. rowShape])
            {
                Columns = table.Header is { } names ? [.. columns.Features.Select(column => names[column])] : [], HasRowNames = columns.HasRowNames,
                LeftOut = [.. columns.LeftOut.Select(column => table.Header![column])],
            };
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }
}
