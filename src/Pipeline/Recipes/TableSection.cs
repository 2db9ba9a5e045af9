using OnnxKd.Core.TransferSets;
using YamlDotNet.RepresentationModel;

namespace OnnxKd.Pipeline.Recipes;

/// <summary>The key <c>table</c> of a set: how its tables are read.</summary>
internal static class TableSection
{
    private const string Drop = "drop";

    private static readonly NumberRange anyOrDrop = NumberRange.Any with { Description = "a number, or 'drop'" };

    /// <summary>Reads it.</summary>
    public static TableOptions Read(RecipeValue value)
    {
        var map = value.Map("separator", "decimal", "thousands", "header", "missing", "missing-texts", "features", "drop", "texts", "classes");
        var missing = map.Find("missing");
        var options = new TableOptions
        {
            Separator = map.Read("separator", (char?)null, v => v.OneOf(",", ";", "\t", "|")[0]),
            Decimal = map.Read("decimal", '.', v => v.OneOf(".", ",")[0]),
            Thousands = map.Read("thousands", (char?)null, v => v.OneOf(",", ".", " ", "'")[0]),
            Header = map.Read("header", (bool?)null, v => v.Flag()),
            DropMissing = missing?.Is(Drop) ?? false,
            MissingValue = missing is null || missing.Is(Drop) ? null : (float)missing.Number(anyOrDrop),
            MissingTexts = map.Read("missing-texts", [], v => v.OneOrMore(name => name.Text())),
            Features = map.Read("features", [], v => v.OneOrMore(name => name.Text())),
            Drop = map.Read("drop", [], v => v.OneOrMore(name => name.Text())),
            Texts = map.Read("texts", [], v => v.OneOrMore(name => name.Text())),
            Classes = map.Read("classes", [], v => v.OneOrMore(name => name.Text())),
        };
        if (options.Thousands == options.Decimal)
            throw value.Error(
                "A decimal and a thousands separator must differ.", $"'{options.Decimal}' for both", remedy: "set decimal: \",\" for 1.234,5");
        if (options.Classes.CountBy(name => name).FirstOrDefault(name => name.Value > 1) is { Key: { } doubled })
            throw value.Error("A class is listed twice.", doubled, remedy: "list each once: its place is its index");
        return options;
    }

    /// <summary>Writes it; <c>null</c> for the defaults.</summary>
    public static YamlNode? Write(TableOptions table)
    {
        var map = YamlTree.Map(
            ("separator", table.Separator is { } separator ? Quoted(separator) : null),
            ("decimal", table.Decimal == '.' ? null : Quoted(table.Decimal)),
            ("thousands", table.Thousands is { } thousands ? Quoted(thousands) : null),
            ("header", table.Header),
            ("missing", table.DropMissing ? Drop : table.MissingValue),
            ("missing-texts", List(table.MissingTexts)),
            ("features", List(table.Features)),
            ("drop", List(table.Drop)),
            ("texts", List(table.Texts)),
            ("classes", List(table.Classes)));
        return map.Children.Count == 0 ? null : map;

        static YamlScalarNode Quoted(char character) => new($"{character}") { Style = YamlDotNet.Core.ScalarStyle.DoubleQuoted };

        static object? List(IReadOnlyList<string> names) => names.Count == 0 ? null : names;
    }
}
