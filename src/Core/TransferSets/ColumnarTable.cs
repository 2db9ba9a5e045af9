using System.Globalization;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Tensors;

namespace OnnxKd.Core.TransferSets;

/// <summary>A table that lies column by column, in batches of rows; a column that nobody asks for is not read.</summary>
/// <param name="path">The file, for messages.</param>
/// <param name="options">How it is read.</param>
internal abstract class ColumnarTable(string path, TableOptions options) : Table(path, options)
{
    // More than any tool writes into one batch, and little enough to be held.
    private const long MostValues = 1 << 27;

    private readonly Dictionary<int, IReadOnlyList<int>> shapes = [];
    private readonly Dictionary<int, TableColumn> loaded = [];
    private int rows; // of the batch
    private int row = -1; // in the batch
    private long before; // rows of the batches before it

    /// <inheritdoc/>
    public override string Row => $"row {before + Math.Max(row, 0) + 1}";

    /// <inheritdoc/>
    public override IReadOnlyList<int> ShapeOf(int column) => rows > 0 || NextBatch() ? Load(column).Shape : [];

    /// <inheritdoc/>
    protected override bool GoOn()
    {
        if (row + 1 < rows)
            row++;
        else if (NextBatch())
            row = 0;
        else
            return false;
        return true;
    }

    /// <inheritdoc/>
    public override bool IsMissing(int column)
    {
        var loaded = Load(column);
        return loaded.Missing[row] || loaded.Texts is { } texts && Numbers.IsMissing(texts[row])
            || loaded.Texts is null && loaded.Shape.Count == 0 && Options.MissingTexts.Count > 0 && Numbers.IsMissing(Text(column))
            || loaded.Texts is null && Array.Exists(loaded.Numbers[(row * loaded.PerRow)..((row + 1) * loaded.PerRow)], double.IsNaN);
    }

    /// <inheritdoc/>
    public override bool TryRead(int column, out float value)
    {
        if (Load(column).Texts is { } texts)
            return Numbers.TryRead(texts[row], out value);
        value = (float)Load(column).Numbers[row];
        return true;
    }

    /// <inheritdoc/>
    public override bool TryRead(int column, out double value)
    {
        if (Load(column).Texts is { } texts)
            return Numbers.TryRead(texts[row], out value);
        value = Load(column).Numbers[row];
        return !Load(column).Missing[row];
    }

    /// <inheritdoc/>
    public override ReadOnlySpan<char> Text(int column)
    {
        var loaded = Load(column);
        return loaded.Missing[row] ? "" : loaded.Texts?[row] ?? string.Join(", ", loaded.Numbers.Skip(row * loaded.PerRow).Take(Math.Min(loaded.PerRow, 8)).Select(Show));

        static string Show(double number) => number.ToString(CultureInfo.InvariantCulture);
    }

    /// <inheritdoc/>
    public override ReadOnlySpan<float> List(int column)
    {
        var loaded = Load(column);
        var values = new float[loaded.PerRow];
        for (var i = 0; i < values.Length; i++)
            values[i] = (float)loaded.Numbers[row * loaded.PerRow + i];
        return values;
    }

    /// <summary>Goes to the next batch.</summary>
    /// <returns>Its rows; <c>null</c>: there is none.</returns>
    protected abstract long? FindBatch();

    /// <summary>Reads a column of the batch.</summary>
    protected abstract TableColumn ReadColumn(int column);

    /// <summary>An error about what a column holds.</summary>
    protected InputException Unreadable(int column, string found) => new(
        $"A column of {Kind} cannot be read as numbers or texts.", $"{Path}, column '{Header![column]}'", found,
        "numbers, texts, truth values, or lists of numbers that are equally long", "convert it, or name it in table.drop");

    /// <summary>Does what a library does to a file, whose damage it tells in exceptions of many kinds.</summary>
    protected T Guard<T>(Func<T> read)
    {
        try
        {
            return read();
        }
        catch (OutOfMemoryException error)
        {
            throw new InputException(
                $"A part of {Kind} is larger than the memory, or it is damaged.", Path, error.Message, remedy: "write it with smaller batches (row groups)", inner: error);
        }
        catch (Exception error) when (error is not (OnnxKdException or OperationCanceledException))
        {
            throw new InputException(
                $"{char.ToUpperInvariant(Kind[0])}{Kind[1..]} is damaged, or of a form that is not supported.", Path, error.Message, remedy: "fetch or write it again; plain columns are safest", inner: error);
        }
    }

    /// <summary>Checks a length that a file says, before memory is taken.</summary>
    protected int Checked(long values) => values is >= 0 and <= MostValues ? (int)values : throw new InputException(
        $"A part of {Kind} is too large.", Path, $"{values} values in one batch of rows", $"at most {MostValues}", "write it with smaller batches (row groups)");

    private bool NextBatch()
    {
        before += rows;
        loaded.Clear();
        for (row = -1; Guard(FindBatch) is { } found;)
            if ((rows = Checked(found)) > 0)
                return true;
        rows = 0;
        return false;
    }

    private TableColumn Load(int column)
    {
        if (loaded.TryGetValue(column, out var known))
            return known;
        var read = Guard(() => ReadColumn(column));
        if (read.Missing.Length != rows || read.Texts is null && read.Numbers.Length != rows * read.PerRow)
            throw Unreadable(column, $"{read.Missing.Length} fields in {rows} rows");
        if (shapes.TryGetValue(column, out var shape) && !shape.SequenceEqual(read.Shape))
            throw Unreadable(column, $"lists of different lengths: {Shapes.Format(shape)} at first, {Shapes.Format(read.Shape)} from row {before + 1} on");
        shapes[column] = read.Shape;
        loaded.Add(column, read);
        return read;
    }
}

/// <summary>A column of a batch of rows: numbers (of lists, all of a row side by side), or texts.</summary>
/// <param name="Numbers">The numbers; empty with texts.</param>
/// <param name="Texts">The texts; <c>null</c>: numbers.</param>
/// <param name="Missing">Which rows have nothing, or lists that lack something, which is NaN.</param>
/// <param name="Shape">The shape of a row's list; empty: one value.</param>
internal sealed record TableColumn(double[] Numbers, string[]? Texts, bool[] Missing, IReadOnlyList<int> Shape)
{
    /// <summary>Values in a row.</summary>
    public int PerRow { get; } = Shape.Aggregate(1, (product, size) => checked(product * size));
}
