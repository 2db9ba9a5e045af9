using OnnxKd.Core.Errors;

namespace OnnxKd.Core.TransferSets;

/// <summary>A table of any format, read once, row by row. What its fields mean is decided elsewhere, alike for all formats.</summary>
/// <param name="path">The file, for messages.</param>
/// <param name="options">How it is read.</param>
internal abstract class Table(string path, TableOptions options) : IDisposable
{
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

    /// <summary>The names of the columns; <c>null</c>: they have none.</summary>
    public abstract string[]? Header { get; }

    /// <summary>Where the row is, for messages: <c>line 3</c>.</summary>
    public abstract string Row { get; }

    /// <summary>The shape of a column's fields; empty: each is one value.</summary>
    /// <exception cref="InputException">They are no values, or lists of different lengths.</exception>
    public virtual IReadOnlyList<int> ShapeOf(int column) => [];

    /// <summary>Goes to the next row.</summary>
    /// <returns>Whether there is one.</returns>
    /// <exception cref="InputException">The file is damaged, or the row is not like the others.</exception>
    public abstract bool MoveNext();

    /// <summary>Whether a field has no value, or a list lacks one.</summary>
    public abstract bool IsMissing(int column);

    /// <summary>Reads a field as a feature: rounded once.</summary>
    public abstract bool TryRead(int column, out float value);

    /// <summary>Reads a field as a number; true and false are 1 and 0.</summary>
    public abstract bool TryRead(int column, out double value);

    /// <summary>The field as it is written.</summary>
    public abstract ReadOnlySpan<char> Text(int column);

    /// <summary>The values of a list.</summary>
    public virtual ReadOnlySpan<float> List(int column) => throw new NotSupportedException();

    /// <summary>An error about one field.</summary>
    public InputException Bad(string what, int column, string expected, string remedy = "correct the value or remove the row")
    {
        var text = Text(column);
        return new(
            what, $"{path}, {Row}, column {column + 1}{(Header is null ? "" : $" ({Header[column]})")}", text.IsEmpty ? "nothing" : $"'{text}'", expected, remedy);
    }

    /// <inheritdoc/>
    public abstract void Dispose();
}
