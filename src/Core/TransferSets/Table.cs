using OnnxKd.Core.Errors;

namespace OnnxKd.Core.TransferSets;

/// <summary>A table of any format, read once, row by row. What its fields mean is decided elsewhere, alike for all formats.</summary>
/// <param name="path">The file, for messages.</param>
/// <param name="options">How it is read.</param>
internal abstract class Table(string path, TableOptions options) : IDisposable
{
    // No integer type reaches further: what does is an amount.
    private const float LargestId = 1.9e19f;

    private readonly SortedDictionary<int, RoundedNumber> rounded = [];
    private ColumnDetail?[] details = [];

    /// <summary>The file, for messages.</summary>
    public string Path => path;

    /// <summary>How it is read.</summary>
    public TableOptions Options { get; } = options;

    /// <summary>How texts are read as numbers.</summary>
    public TableNumbers Numbers { get; } = new(options);

    /// <summary>The format, with its article: <c>a CSV file</c>.</summary>
    public abstract string Kind { get; }

    /// <summary>Columns of the table.</summary>
    public abstract int Columns { get; }

    /// <summary>The sign between the whole and the fraction of a number; <c>null</c>: numbers are no texts, or nothing tells.</summary>
    public virtual char? Decimal => null;

    /// <summary>The names of the columns; <c>null</c>: they have none.</summary>
    public abstract string[]? Header { get; }

    /// <summary>Where the row is, for messages: <c>line 3</c>.</summary>
    public abstract string Row { get; }

    /// <summary>The shape of a column's fields; empty: each is one value.</summary>
    /// <exception cref="InputException">They are no values, or lists of different lengths.</exception>
    public virtual IReadOnlyList<int> ShapeOf(int column) => [];

    /// <summary>The first whole number of each column that was read as a neighbour of it, for float32 holds but 24 bits.</summary>
    public IReadOnlyCollection<RoundedNumber> Rounded => rounded.Values;

    /// <summary>The features of which float32 does not hold what tells them apart.</summary>
    public IEnumerable<LostDetail> LostDetails => details.Select((detail, column) => detail?.Lost(NameOf(column))).OfType<LostDetail>();

    /// <summary>How many rows were read.</summary>
    public long Rows { get; private set; }

    /// <summary>Goes to the next row.</summary>
    /// <returns>Whether there is one.</returns>
    /// <exception cref="InputException">The file is damaged, or the row is not like the others.</exception>
    public bool MoveNext()
    {
        var more = GoOn();
        Rows += more ? 1 : 0;
        return more;
    }

    /// <summary>Whether a field has no value, or a list lacks one.</summary>
    public abstract bool IsMissing(int column);

    /// <summary>Reads a field as a feature: rounded once.</summary>
    public abstract bool TryRead(int column, out float value);

    /// <summary>Reads a field as a number; true and false are 1 and 0.</summary>
    public abstract bool TryRead(int column, out double value);

    /// <summary>Whether a field is a number that may as well be another one: 6.157 is 6157 where points part thousands.</summary>
    public virtual bool IsUnclear(int column) => false;

    /// <summary>The field as it is written.</summary>
    public abstract ReadOnlySpan<char> Text(int column);

    /// <summary>The values of a list.</summary>
    public virtual ReadOnlySpan<float> List(int column) => throw new NotSupportedException();

    /// <summary>A column's name, or its index if it has none.</summary>
    public string NameOf(int column) => Header?[column] ?? $"{column}";

    /// <summary>What the texts of a column stand for; <c>null</c>: nothing is said.</summary>
    public ColumnCategories? CategoriesOf(int column) => OfColumn(column, Options.Categories, known => known.Column);

    /// <summary>Whether a row without a value in a column is left out.</summary>
    public bool DropsMissing(int column) => OfColumn(column, Options.MissingByColumn, missing => missing.Column) is { } own ? own.Filler is null : Options.DropMissing;

    /// <summary>What a missing value of a column becomes; <c>null</c>: nothing is said.</summary>
    public float? FillerOf(int column) => OfColumn(column, Options.MissingByColumn, missing => missing.Column) is { } own ? own.Filler : Options.MissingValue;

    /// <summary>Whether a field has no value: what is missing may be a category.</summary>
    public bool Lacks(int column) => IsMissing(column) && !(CategoriesOf(column)?.IndexOf(Text(column)) >= 0);

    /// <summary>Looks at a feature that was read, whether it is a whole number that has become another one, and at the first ones, whether float32 holds them.</summary>
    public void NoteRounded(int column, float value)
    {
        if (details.Length <= column)
            Array.Resize(ref details, Columns);
        (details[column] ??= new()).Add(value);
        if (Rows <= ColumnDetail.MostRows && TryRead(column, out double number))
            details[column]!.Look(number, Row);
        if (Math.Abs(value) is > PackedTensor.LargestExact and < LargestId && !rounded.ContainsKey(column)
            && TryRead(column, out double exact) && exact == Math.Truncate(exact) && exact != value && !Text(column).ContainsAny('e', 'E'))
            rounded.Add(column, new(NameOf(column), Row, $"{Text(column)}", value));
    }

    /// <summary>An error about one field.</summary>
    public InputException Bad(string what, int column, string expected, string remedy = "correct the value or remove the row")
    {
        var text = Text(column);
        return new(
            what, $"{path}, {Row}, column {column + 1}{(Header is null ? "" : $" ({Header[column]})")}", text.IsEmpty ? "nothing" : $"'{text}'", expected, remedy);
    }

    /// <inheritdoc/>
    public abstract void Dispose();

    /// <summary>Goes to the next row.</summary>
    protected abstract bool GoOn();

    private T? OfColumn<T>(int column, IReadOnlyList<T> all, Func<T, string> nameOf)
        where T : class
    {
        foreach (var one in all)
            if (TableColumns.IndexOf(this, nameOf(one)) == column)
                return one;
        return null;
    }
}
