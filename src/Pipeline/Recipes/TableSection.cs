using OnnxKd.Core.TransferSets;
using YamlDotNet.RepresentationModel;

namespace OnnxKd.Pipeline.Recipes;

/// <summary>The key <c>table</c> of a set: how its tables are read.</summary>
internal static class TableSection
{
    private const string Drop = "drop";
    /// <summary>The key of categories that have a value each.</summary>
    public const string OneHot = "one-hot";

    private static readonly NumberRange anyOrDrop = NumberRange.Any with { Description = "a number, or 'drop'" };

    /// <summary>Reads it.</summary>
    public static TableOptions Read(RecipeValue value)
    {
        var map = value.Map("separator", "decimal", "thousands", "header", "missing", "missing-texts", "features", "drop", "texts", "categories", "classes");
        var missing = map.Find("missing");
        var options = new TableOptions
        {
            Separator = map.Read("separator", (char?)null, v => v.OneOf(",", ";", "\t", "|")[0]),
            Decimal = map.Read("decimal", (char?)null, v => v.OneOf(".", ",")[0]),
            Thousands = map.Read("thousands", (char?)null, v => v.OneOf(",", ".", " ", "'")[0]),
            Header = map.Read("header", (bool?)null, v => v.Flag()),
            DropMissing = missing?.Is(Drop) ?? false,
            MissingValue = missing is null || missing.IsMap || missing.Is(Drop) ? null : (float)missing.Number(anyOrDrop),
            MissingByColumn = missing is not { IsMap: true } ? []
                : [.. missing.Entries().Select(entry => new ColumnMissing(entry.Key.Text(), entry.Value.Is(Drop) ? null : (float)entry.Value.Number(anyOrDrop)))],
            MissingTexts = map.Read("missing-texts", [], v => v.OneOrMore(name => name.Text())),
            Features = map.Read("features", [], v => v.OneOrMore(name => name.Text())),
            Drop = map.Read("drop", [], v => v.OneOrMore(name => name.Text())),
            Texts = map.Read("texts", [], v => v.OneOrMore(name => name.Text())),
            Categories = map.Read("categories", [], v => v.Entries().Select(entry => ReadCategories(entry.Key.Text(), entry.Value)).ToArray()),
            Classes = map.Read("classes", [], v => v.OneOrMore(name => name.Text())),
        };
        if (options.Thousands == (options.Decimal ?? '.'))
            throw value.Error(
                "A decimal and a thousands separator must differ.", $"'{options.Thousands}' for both", remedy: "set decimal: \",\" for 1.234,5");
        if (options.Classes.CountBy(name => name).FirstOrDefault(name => name.Value > 1) is { Key: { } doubled })
            throw value.Error("A class is listed twice.", doubled, remedy: "list each once: its place is its index");
        return options;
    }

    /// <summary>Writes it; <c>null</c> for the defaults.</summary>
    public static YamlNode? Write(TableOptions table)
    {
        var map = YamlTree.Map(
            ("separator", table.Separator is { } separator ? Quoted(separator) : null),
            ("decimal", table.Decimal is { } point ? Quoted(point) : null),
            ("thousands", table.Thousands is { } thousands ? Quoted(thousands) : null),
            ("header", table.Header),
            ("missing", table.DropMissing ? Drop : table.MissingByColumn.Count > 0 ? Missing(table.MissingByColumn) : table.MissingValue),
            ("missing-texts", List(table.MissingTexts)),
            ("features", List(table.Features)),
            ("drop", List(table.Drop)),
            ("texts", List(table.Texts)),
            ("categories", table.Categories.Count == 0 ? null : YamlTree.Map([.. table.Categories.Select(known => (known.Column, (object?)Categories(known)))])),
            ("classes", List(table.Classes)));
        return map.Children.Count == 0 ? null : map;

        static object Categories(ColumnCategories known) => known.IsOneHot ? YamlTree.Line((OneHot, known.Texts)) : known.Texts;

        static YamlNode Missing(IReadOnlyList<ColumnMissing> all) => YamlTree.Line([.. all.Select(missing => (missing.Column, missing.Filler is { } filler ? (object?)filler : Drop))]);

        static YamlScalarNode Quoted(char character) => new($"{character}") { Style = YamlDotNet.Core.ScalarStyle.DoubleQuoted };

        static object? List(IReadOnlyList<string> names) => names.Count == 0 ? null : names;
    }

    private static ColumnCategories ReadCategories(string column, RecipeValue value)
    {
        var isOneHot = value.IsMap;
        var texts = (isOneHot ? value.Map(OneHot).Require(OneHot) : value).OneOrMore(text => text.AnyText());
        return texts.CountBy(text => text).FirstOrDefault(text => text.Value > 1) is { Key: { } doubled }
            ? throw value.Error("A category is listed twice.", $"'{doubled}'", remedy: "list each once: its place is its number")
            : new(column, texts, isOneHot);
    }
}
