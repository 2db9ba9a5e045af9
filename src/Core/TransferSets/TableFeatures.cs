using OnnxKd.Core.Errors;

namespace OnnxKd.Core.TransferSets;

/// <summary>The columns of a table that are a sample's values: numbers, lists of numbers, or texts that stand for numbers.</summary>
internal sealed class TableFeatures
{
    private readonly Table table;
    private readonly IReadOnlyList<int> columns;
    private readonly int[][] lists;
    private readonly ColumnCategories?[] categories;
    private readonly bool areSamples;
    private bool isBegun;

    /// <summary>Takes the columns of a table.</summary>
    /// <param name="table">The table, before its first row.</param>
    /// <param name="columns">The columns, in their order.</param>
    /// <param name="areSamples">Whether the options' categories are meant for them.</param>
    /// <exception cref="InputException">A column with categories is no feature, or holds lists.</exception>
    public TableFeatures(Table table, IReadOnlyList<int> columns, bool areSamples)
    {
        (this.table, this.columns, this.areSamples) = (table, columns, areSamples);
        lists = [.. columns.Select(column => table.ShapeOf(column).ToArray())];
        categories = [.. columns.Select(column => areSamples ? table.CategoriesOf(column) : null)];
        if (areSamples)
            TableNames.RequireOfFeatures(table, columns);
        if (Enumerable.Range(0, columns.Count).Where(i => lists[i].Length > 0 && categories[i] is not null).Select(i => (int?)columns[i]).FirstOrDefault() is { } list)
            throw new InputException($"A column of {table.Kind} has categories, and holds lists.", table.Path, table.NameOf(list), remedy: "remove it from table.categories");
    }

    /// <summary>The shape of a sample: one column of lists keeps theirs; beside others, all values stand in a row.</summary>
    public long[] Shape => lists is [{ Length: > 0 } only] ? [.. only.Select(size => (long)size)] : [Enumerable.Range(0, columns.Count).Sum(WidthOf)];

    /// <summary>The categories of the columns that have some, which they name by their names.</summary>
    public IReadOnlyList<ColumnCategories> Categories =>
        [.. columns.Zip(categories).Where(column => column.Second is not null).Select(column => column.Second! with { Column = table.NameOf(column.First) })];

    /// <summary>A name for each value of a sample; none: the columns have no names.</summary>
    public IReadOnlyList<string> Names => table.Header is null ? [] :
    [
        .. Enumerable.Range(0, columns.Count).SelectMany(i => (Name: table.NameOf(columns[i]), categories[i]) switch
        {
            (var name, { } known) => known.Names(name),
            var (name, _) => lists[i].Length == 0 ? [name] : Enumerable.Range(0, (int)WidthOf(i)).Select(at => $"{name}[{at}]"),
        }),
    ];

    /// <summary>Writes the values of the table's row.</summary>
    /// <exception cref="InputException">A field is not what its column holds.</exception>
    public void Write(Stream output)
    {
        if (areSamples && !isBegun)
            RequireNumbers();
        isBegun = true;
        for (var i = 0; i < columns.Count; i++)
            if (lists[i].Length > 0)
                TableFields.WriteList(table, columns[i], output);
            else if (categories[i] is { } known)
                Write(columns[i], known, output);
            else
                TableFields.Write(TableFields.Feature(table, columns[i]), output);
    }

    private void Write(int column, ColumnCategories known, Stream output)
    {
        if (known.IndexOf(table.Text(column)) is >= 0 and var index)
        {
            known.Write(index, value => TableFields.Write(value, output));
            return;
        }

        if (!table.IsMissing(column))
            throw table.Bad(
                $"A text of {table.Kind} is not among its column's categories.", column, string.Join(", ", known.Texts),
                "correct the value, or add it to table.categories, if the teacher has a number for it");
        var filler = table.FillerOf(column) ?? throw TableFields.Missing(table, column, string.Join(", ", known.Texts));
        for (var i = 0; i < known.Width; i++)
            TableFields.Write(filler, output);
    }

    /// <summary>The first row tells columns of texts, of which the whole table is read then, to say what they hold.</summary>
    private void RequireNumbers()
    {
        int[] wrong = [.. columns.Where((column, i) => lists[i].Length == 0 && categories[i] is null && !table.IsMissing(column) && !table.TryRead(column, out float _))];
        if (wrong.Length == 0)
            return;
        var first = TableFields.NoNumber(table, wrong[0]);
        throw TextColumns.Find(table, wrong) ?? first;
    }

    private long WidthOf(int i) => categories[i]?.Width ?? lists[i].Aggregate(1L, (product, size) => product * size);
}
