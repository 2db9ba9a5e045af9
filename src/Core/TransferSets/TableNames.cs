using System.Globalization;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Text;

namespace OnnxKd.Core.TransferSets;

/// <summary>Refuses settings of tables that name columns which are not there, or which nothing reads: what a setting is meant for would stay as it is, in silence.</summary>
internal static class TableNames
{
    /// <summary>Checks a table that samples consist of.</summary>
    /// <param name="table">The table.</param>
    /// <param name="features">Its columns of samples.</param>
    /// <exception cref="InputException">Names the setting, the column and the nearest one.</exception>
    public static void RequireOfFeatures(Table table, IReadOnlyList<int> features)
    {
        var options = table.Options;
        if (options.Texts.Count > 0)
            throw Refuse(
                table.Path, "texts", options.Texts[0], "columns that are inputs of their own are texts; the samples have no named inputs", "remove table.texts; what the model learned for each text: table.categories");
        if (options.Categories.FirstOrDefault(known => !features.Contains(TableColumns.IndexOf(table, known.Column) ?? -1)) is { } useless)
            throw Unknown(table.Path, "categories", useless.Column, [.. features.Select(table.NameOf)], $"a feature of {table.Kind}");
        if (options.MissingByColumn.FirstOrDefault(missing => TableColumns.IndexOf(table, missing.Column) is null) is { } unknown)
            throw Unknown(table.Path, "missing", unknown.Column, [.. Enumerable.Range(0, table.Columns).Select(table.NameOf)], $"a column of {table.Kind}");
    }

    /// <summary>Checks the tables that named inputs are columns of.</summary>
    /// <param name="options">The set.</param>
    /// <inheritdoc cref="RequireOfFeatures"/>
    public static void RequireOfInputs(TransferSetOptions options)
    {
        var settings = options.Table;
        if (settings.Categories.Count + settings.Texts.Count + settings.MissingByColumn.Count == 0)
            return;
        var (inputs, columns) = (new List<string>(), new List<string>());
        foreach (var file in options.Inputs.All.Where(input => !input.IsOfLengths).GroupBy(input => input.File ?? options.Samples))
        {
            var (names, isTable) = TensorFormat.NamesIn(file.Key, settings);
            if (!isTable)
                continue;
            var read = file.SelectMany(input => input.Apart).Select(input => input.Key ?? input.Name).ToArray();
            columns.AddRange(names.Count > 0 ? names : read);
            inputs.AddRange(read.Select(key => names.Contains(key) || Index(key) is not { } at || at >= names.Count ? key : names[at]));
            // A column may be counted, too.
            inputs.AddRange(read.Select(key => names.Count > 0 ? names.ToList().IndexOf(key) : Index(key) ?? -1).Where(at => at >= 0).Select(at => $"{at}"));
            columns.AddRange(Enumerable.Range(0, names.Count).Select(at => $"{at}"));
        }

        foreach (var (setting, name) in settings.Categories.Select(known => ("categories", known.Column)).Concat(settings.Texts.Select(text => ("texts", text))))
            if (!inputs.Contains(name) && (setting != "texts" || options.Inputs.All.All(input => input.Name != name)))
                throw Unknown(options.Samples, setting, name, inputs, "a column that is an input");
        if (settings.MissingByColumn.FirstOrDefault(missing => !columns.Contains(missing.Column)) is { } unknown)
            throw Unknown(options.Samples, "missing", unknown.Column, columns, "a column of the tables");
    }

    /// <summary>Checks a set whose samples are no table.</summary>
    /// <param name="options">The set.</param>
    /// <exception cref="InputException">Something is said of their columns.</exception>
    public static void RequireNone(TransferSetOptions options)
    {
        var table = options.Table;
        // Categories beside the columns of another set are that one's.
        foreach (var (setting, name) in table.Features.Select(name => ("features", name)).Concat(table.Drop.Select(name => ("drop", name)))
            .Concat(table.Alike.Count > 0 ? [] : table.Categories.Select(known => ("categories", known.Column))).Concat(table.Texts.Select(name => ("texts", name))))
            throw Refuse(options.Samples, setting, name, "columns of a CSV, Parquet or Arrow file; the samples are no table", $"remove table.{setting}");
    }

    private static int? Index(string key) => int.TryParse(key, NumberStyles.None, CultureInfo.InvariantCulture, out var index) ? index : null;

    private static InputException Unknown(string path, string setting, string name, IReadOnlyList<string> known, string what)
    {
        string[] names = [.. known.Where(column => Index(column) is null)];
        return Refuse(
            path, setting, name, $"{what}: {string.Join(", ", names.Length > 0 ? names : known)}",
            Suggestions.Nearest(name, known) is { } nearest ? $"did you mean '{nearest}'?" : "correct the name, or remove it");
    }

    private static InputException Refuse(string path, string setting, string name, string expected, string remedy) =>
        new("A setting of a table is for a column that it cannot be for.", $"{path}, table.{setting}", $"'{name}'", expected, remedy);
}
