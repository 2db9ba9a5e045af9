using System.Runtime.InteropServices;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Tensors;

namespace OnnxKd.Core.TransferSets;

/// <summary>Columns of a table that are inputs of their own: of numbers, of lists of numbers, or of texts, which become numbers from 0 on.</summary>
internal sealed class TableInputs
{
    private readonly IReadOnlyList<InputSource> inputs;
    private readonly IReadOnlyList<int> columns;
    private readonly SampleShape? like;
    private readonly Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>>?[] texts;
    private readonly bool[] areWhole;
    private readonly int[][] shapes;

    private TableInputs(Table table, TensorRequest request, SampleShape? like)
    {
        (inputs, columns, this.like) = (request.Options.Inputs.All, TableColumns.Find(table, request).Features, like);
        texts = new Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>>?[columns.Count];
        shapes = [.. columns.Select(column => table.ShapeOf(column).ToArray())];
        areWhole = [.. shapes.Select(shape => shape.Length > 0)];
    }

    /// <summary>Reads them, in one go but for finding out which hold texts.</summary>
    /// <param name="open">Opens the table, which is read twice where no other set says what its columns hold.</param>
    /// <param name="request">The samples, with the inputs of this table.</param>
    /// <param name="like">The layout of a set that this one belongs to; <c>null</c>: none.</param>
    /// <exception cref="InputException">A column is not there, or a field is not what it should be.</exception>
    public static (TensorFile Rows, IReadOnlyList<SamplePart> Parts) Open(Func<Table> open, TensorRequest request, SampleShape? like)
    {
        TableInputs found;
        using (var table = open())
        {
            found = new(table, request, like);
            found.FindTexts(table, request.Options.Table.Texts);
        }

        using var again = open();
        var rows = TableFormat.Decode(
            again, TableColumns.Find(again, request), ElementType.Float32, [found.shapes.Sum(shape => shape.Aggregate(1L, (product, size) => product * size))],
            output => found.Write(again, output));
        return (rows, found.Parts());
    }

    private void FindTexts(Table table, IReadOnlyList<string> declared)
    {
        for (var i = 0; i < columns.Count; i++)
            if (like?.Find(inputs[i].Name) is { } known)
            {
                areWhole[i] = !known.Type.IsFloat();
                if (known.IsText)
                    texts[i] = Lookup(known.Texts);
            }
            else if (table.CategoriesOf(columns[i]) is { } categories)
                texts[i] = Lookup(!categories.IsOneHot ? categories.Texts : throw new InputException(
                    "A column that is an input of its own has its texts' numbers, not a value for each.", table.Path, $"{categories}", $"{categories with { IsOneHot = false }}", "remove one-hot from table.categories: a student has a column for each text anyway"));
            else if (shapes[i].Length == 0 && declared.Any(name => name == inputs[i].Name || name == inputs[i].Key || TableColumns.IndexOf(table, name) == columns[i]))
                texts[i] = Lookup([]);
        if (like is not null)
            return;
        while (table.MoveNext())
            for (var i = 0; i < columns.Count; i++)
                if (shapes[i].Length > 0)
                    areWhole[i] &= !table.IsMissing(columns[i]) && AreWhole(table.List(columns[i]));
                else if (texts[i] is null && !table.IsMissing(columns[i]) && !table.TryRead(columns[i], out float _))
                    texts[i] = Lookup([]);
    }

    private void Write(Table table, Stream output)
    {
        for (var i = 0; i < columns.Count; i++)
            if (shapes[i].Length > 0)
                TableFields.WriteList(table, columns[i], output);
            else
            {
                var value = texts[i] is { } known ? Number(known, table.Text(columns[i])) : TableFields.Feature(table, columns[i]);
                output.Write(MemoryMarshal.AsBytes(new ReadOnlySpan<float>(in value)));
            }
    }

    private IReadOnlyList<SamplePart> Parts() =>
    [
        .. inputs.Select((input, i) => new SamplePart(input.Name, areWhole[i] ? ElementType.Int64 : ElementType.Float32, shapes[i])
        {
            Texts = texts[i] is { } known ? [.. known.Dictionary.OrderBy(text => text.Value).Select(text => text.Key)] : [],
        }),
    ];

    /// <summary>Texts are numbered in the order in which they come.</summary>
    private static float Number(Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> known, ReadOnlySpan<char> text)
    {
        if (!known.TryGetValue(text, out var number))
            known[text] = number = known.Dictionary.Count;
        return number;
    }

    private static Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> Lookup(IReadOnlyList<string> texts) =>
        texts.Index().ToDictionary(text => text.Item, text => text.Index, StringComparer.Ordinal).GetAlternateLookup<ReadOnlySpan<char>>();

    private static bool AreWhole(ReadOnlySpan<float> values)
    {
        foreach (var value in values)
            if (value != MathF.Truncate(value))
                return false;
        return true;
    }
}
