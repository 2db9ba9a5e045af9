using System.Globalization;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Text;

namespace OnnxKd.Core.TransferSets;

/// <summary>What the columns of a table are.</summary>
/// <param name="Features">Those of the samples, in their order; none if the samples lie in another file.</param>
/// <param name="Others">Those of labels and lengths that lie in this file.</param>
internal sealed record TableColumns(IReadOnlyList<int> Features, IReadOnlyList<int> Others)
{
    private const string LastColumn = "last";

    /// <summary>Whether the first column was taken for the names of rows.</summary>
    public bool HasRowNames { get; private init; }

    /// <summary>Columns that the set that this one belongs to does not have.</summary>
    public IReadOnlyList<int> LeftOut { get; private init; } = [];

    /// <summary>Finds them.</summary>
    /// <exception cref="InputException">One is not there, or nothing is left for the samples.</exception>
    public static TableColumns Find(Table table, TensorRequest request)
    {
        var parts = request.Neighbours.Append(request).ToList();
        int[] others = [.. parts.Where(part => !part.IsOfNumbers).Select(part => Find(part, table))];
        var features = InputsOf(table, request) is { Count: > 0 } inputs ? FindInputs(table, others, inputs)
            : parts.Exists(part => part.IsOfNumbers) ? FindFeatures(table, others, request.IsOfNumbers ? request.Key : null) : [];
        return new(features, others)
        {
            HasRowNames = features.Count > 0 && IsRowName(table, 0) && !features.Contains(0) && !others.Contains(0),
            LeftOut = table.Options.Features.Count == 0 && FindAlike(table, others) is { } alike && alike.SequenceEqual(features) ? [.. Unnamed(table, others).Except(alike)] : [],
        };
    }

    /// <summary>The column of labels or lengths: named, or counted from 0, or <c>last</c>; without a key found by its usual names.</summary>
    public static int Find(TensorRequest request, Table table)
    {
        var key = request.Key;
        if (key == LastColumn)
            return table.Columns - 1;
        if (IndexOf(table, key) is { } index)
            return index;
        if (int.TryParse(key, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) && number < 0)
            throw new InputException($"There is no column '{key}' in {table.Kind}.", table.Path, $"{table.Columns} columns, counted from 0", remedy: $"'{LastColumn}' is the last column");
        var names = table.Header ?? [.. Enumerable.Range(0, table.Columns).Select(column => $"{column}"), LastColumn];
        return table.Columns == 1 && key is null ? 0 : Array.IndexOf(names, request.Choose(names));
    }

    /// <summary>The named inputs that are columns of this table.</summary>
    private static IReadOnlyList<InputSource> InputsOf(Table table, TensorRequest request) => request.Part is SetPart.Signals or SetPart.Ids ? [] :
    [
        .. request.Options.Inputs.All.Where(input => !input.IsOfLengths && Path.GetFullPath(input.File ?? request.Options.Samples) == Path.GetFullPath(table.Path))
            .SelectMany(input => input.Apart),
    ];

    private static IReadOnlyList<int> FindInputs(Table table, int[] others, IReadOnlyList<InputSource> inputs)
    {
        int[] found = [.. inputs.Select(input => Require(table, input.Key ?? input.Name))];
        return found.Intersect(others).ToArray() is not [var both, ..] ? found : throw new InputException(
            $"A column of {table.Kind} is both an input and a label or length.", table.Path, NameOf(table, both), remedy: "leave it out of 'inputs', or name the other column (labels-key)");
    }

    private static IReadOnlyList<int> FindFeatures(Table table, int[] others, string? key)
    {
        if (key is not null)
            return [Require(table, key)];
        int[] dropped = [.. table.Options.Drop.Select(name => Require(table, name))];
        int[] features = table.Options.Features.Count > 0
            ? [.. table.Options.Features.Select(name => Require(table, name))]
            : FindAlike(table, others) ?? Unnamed(table, others);
        if (features.Intersect(others).ToArray() is [var both, ..])
            throw new InputException(
                $"A column of {table.Kind} is both a feature and a label or length.", table.Path, NameOf(table, both), remedy: "correct table.features");
        features = [.. features.Except(dropped)];
        return features.Length > 0
            ? features
            : throw new InputException($"There are labels or lengths in {table.Kind}, but no columns of samples.", where: table.Path);
    }

    /// <summary>The columns that another set's samples consist of, where all are here: in its order, whatever else there is.</summary>
    private static int[]? FindAlike(Table table, int[] others)
    {
        int[] found = [.. table.Options.Alike.Select(name => Array.IndexOf(table.Header ?? [], name))];
        return found.Length == 0 || found.Contains(-1) || found.Intersect(others).Any() ? null : found;
    }

    /// <summary>The columns that no option names.</summary>
    private static int[] Unnamed(Table table, int[] others) =>
        [.. Enumerable.Range(0, table.Columns).Where(column => !others.Contains(column) && !IsRowName(table, column))];

    private static int Require(Table table, string key) => IndexOf(table, key) ?? throw new InputException(
        $"There is no column '{key}' in {table.Kind}.", table.Path,
        table.Header is { } names ? string.Join(", ", names) : $"{table.Columns} columns without names",
        remedy: Suggestions.Nearest(key, table.Header ?? []) is { } nearest ? $"did you mean '{nearest}'?" : "name one of those");

    private static string NameOf(Table table, int column) => table.Header?[column] ?? $"column {column}";

    /// <summary>A first column without a name, beside others with one, is how R and pandas write the names of rows.</summary>
    private static bool IsRowName(Table table, int column) => column == 0 && table.Header is ["", _, ..];

    /// <summary>The column of a name, else of a number.</summary>
    public static int? IndexOf(Table table, string? key)
    {
        if (table.Header is { } names && Array.IndexOf(names, key) is >= 0 and var named)
            return named;
        return int.TryParse(key, NumberStyles.None, CultureInfo.InvariantCulture, out var index) && index < table.Columns ? index : null;
    }
}
