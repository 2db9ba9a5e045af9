using System.Text.Json;
using OnnxKd.Core.Text;
using OnnxKd.Core.TransferSets;
using OnnxKd.StudentTrainer.Export;

namespace OnnxKd.Pipeline.Recipes;

/// <summary>How a student's columns were read, in its file's metadata: which columns, what texts stand for, what missing numbers became.</summary>
internal static class TableMetadata
{
    private const string Features = "features";
    private const string Categories = "categories";
    private const string Missing = "missing";

    /// <summary>The entries of a student, by their keys behind the prefix; <c>null</c>: there is nothing to say.</summary>
    /// <param name="set">What it learned from.</param>
    public static IEnumerable<(string Key, string? Value)> Write(TransferSet set) =>
    [
        (Features, set.Columns.Count == 0 ? null : JsonSerializer.Serialize(set.Columns)),
        (Categories, set.Categories.Count == 0 ? null : JsonSerializer.Serialize(set.Categories.ToDictionary(
            known => known.Column, known => known.IsOneHot ? (object)new Dictionary<string, IReadOnlyList<string>> { [TableSection.OneHot] = known.Texts } : known.Texts))),
        (Missing, set.Fillers.Count == 0 ? null : JsonSerializer.Serialize(set.Fillers.ToDictionary(missing => missing.Column, missing => missing.Filler))),
    ];

    /// <summary>Reads a table as a model's metadata say, where nothing else is said.</summary>
    /// <param name="own">What is said.</param>
    /// <param name="metadata">An entry of the model's; those of others say nothing of this kind.</param>
    public static TableOptions Complete(TableOptions own, Func<string, string?> metadata)
    {
        try
        {
            var (features, categories, missing) = (Read<string[]>(Features) ?? [], Read<Dictionary<string, JsonElement>>(Categories) ?? [], Read<Dictionary<string, float>>(Missing) ?? []);
            return own with
            {
                // Columns have names where there is a header.
                Header = own.Header ?? (features.Length == 0 && categories.Count + missing.Count > 0 ? false : null),
                Alike = own.Features.Count + own.Alike.Count > 0 ? own.Alike : features,
                Categories = own.Categories.Count > 0 ? own.Categories : [.. categories.Select(entry => CategoriesOf(entry.Key, entry.Value))],
                MissingByColumn = own.SaysMissing ? own.MissingByColumn : [.. missing.Select(entry => new ColumnMissing(entry.Key, entry.Value))],
            };
        }
        catch (Exception error) when (CanonicalJson.IsMalformed(error) || error is InvalidOperationException or KeyNotFoundException)
        {
            return own; // somebody else's entries
        }

        T? Read<T>(string key) => metadata(Provenance.Prefix + key) is { } text ? JsonSerializer.Deserialize<T>(text) : default;
    }

    private static ColumnCategories CategoriesOf(string column, JsonElement written) => written.ValueKind == JsonValueKind.Object
        ? new(column, written.GetProperty(TableSection.OneHot).Deserialize<string[]>()!, IsOneHot: true)
        : new(column, written.Deserialize<string[]>()!);
}
