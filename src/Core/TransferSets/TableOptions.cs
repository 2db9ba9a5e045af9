namespace OnnxKd.Core.TransferSets;

/// <summary>
/// How a table is to be read. The defaults fit a table of plain numbers; nothing is guessed that could be read in two ways. Separators and the header are of CSV alone.
/// </summary>
public sealed record TableOptions
{
    /// <summary>Between fields; <c>null</c>: a tab, semicolon, comma or vertical bar, the first of these in the first line.</summary>
    public char? Separator { get; init; }

    /// <summary>Between the whole and the fraction of a number; <c>null</c>: a comma where the beginning of a CSV file leaves no doubt, else a point.</summary>
    public char? Decimal { get; init; }

    /// <summary>Between groups of a number's digits; <c>null</c>: nothing is allowed there.</summary>
    public char? Thousands { get; init; }

    /// <summary>Whether the first line names the columns; <c>null</c>: it does unless all its fields are numbers, classes or missing.</summary>
    public bool? Header { get; init; }

    /// <summary>Whether a line with a missing value is left out: the samples' ids count the lines that stay.</summary>
    public bool DropMissing { get; init; }

    /// <summary>What a missing value of a feature becomes; <c>null</c>: an error, unless <see cref="DropMissing"/>.</summary>
    public float? MissingValue { get; init; }

    /// <summary>What a missing value of a column becomes, where that differs from column to column. They come before what is said of all.</summary>
    public IReadOnlyList<ColumnMissing> MissingByColumn { get; init; } = [];

    /// <summary>Texts that stand for a missing value besides the usual ones, as they are written: <c>-</c>, <c>-99999</c>.</summary>
    public IReadOnlyList<string> MissingTexts { get; init; } = [];

    /// <summary>The columns that are features, in their order: names, or indices from 0; default: all that are nothing else.</summary>
    public IReadOnlyList<string> Features { get; init; } = [];

    /// <summary>Columns that are not features: names, or indices from 0.</summary>
    public IReadOnlyList<string> Drop { get; init; } = [];

    /// <summary>Of samples with named inputs, columns that are texts although all of them are numbers: names, or indices from 0.</summary>
    public IReadOnlyList<string> Texts { get; init; } = [];

    /// <summary>
    /// Columns of texts that become numbers, as the teacher learned them. Of samples with named inputs, which are texts of their own, the order in which the student knows them.
    /// A set that belongs to another one has that one's.
    /// </summary>
    public IReadOnlyList<ColumnCategories> Categories { get; init; } = [];

    /// <summary>The names of the classes in the order of their indices; default: labels are the indices themselves.</summary>
    public IReadOnlyList<string> Classes { get; init; } = [];

    /// <summary>The features of the set that this one belongs to: without <see cref="Features"/>, columns of these names are the features.</summary>
    internal IReadOnlyList<string> Alike { get; init; } = [];

    /// <summary>The decimal sign of the set that this one belongs to, for a file that leaves it open; <c>null</c>: it is not known.</summary>
    internal char? AlikeDecimal { get; init; }

    /// <inheritdoc/>
    public bool Equals(TableOptions? other) =>
        other is not null && Scalars == other.Scalars && Features.SequenceEqual(other.Features) && Drop.SequenceEqual(other.Drop) && Texts.SequenceEqual(other.Texts)
        && Classes.SequenceEqual(other.Classes) && Categories.SequenceEqual(other.Categories) && MissingByColumn.SequenceEqual(other.MissingByColumn) && MissingTexts.SequenceEqual(other.MissingTexts) && Alike.SequenceEqual(other.Alike);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Scalars, Features.Count, Drop.Count, Texts.Count, Classes.Count);

    /// <summary>Whether anything is said of missing values.</summary>
    internal bool SaysMissing => DropMissing || MissingValue is not null || MissingByColumn.Count > 0;

    private (char?, char?, char?, char?, bool?, bool, float?) Scalars => (Separator, Decimal, AlikeDecimal, Thousands, Header, DropMissing, MissingValue);
}

/// <summary>What a missing value of a column becomes.</summary>
/// <param name="Column">The column: its name, or its index from 0.</param>
/// <param name="Filler">The number that takes its place; <c>null</c>: the row is left out.</param>
public sealed record ColumnMissing(string Column, float? Filler);
