using OnnxKd.Core.TransferSets;
using YamlDotNet.RepresentationModel;

namespace OnnxKd.Pipeline.Recipes;

/// <summary>The key <c>inputs</c> of a set: the named inputs that its samples consist of.</summary>
internal static class InputsSection
{
    /// <summary>The key.</summary>
    public const string Key = "inputs";

    private const char Mark = '#';

    private const string Lengths = "lengths";
    private const string Columns = "columns";

    /// <summary>
    /// Reads names, which the file of samples has, or a mapping of a name to <c>FILE</c>, <c>FILE#KEY</c> or <c>#KEY</c>; in place of these
    /// <c>{ lengths: … }</c> for a mask, or <c>{ columns: [a, b] }</c> for several columns.
    /// </summary>
    public static SampleInputs Read(RecipeValue value) => value.IsNone ? SampleInputs.None
        : !value.IsMap ? new(value.OneOrMore(name => new InputSource(name.Text())))
        : new([.. value.Entries().Select(entry => !entry.Value.IsMap ? Read(entry.Key.Text(), entry.Value)
            : entry.Value.Has(Columns)
                ? new(entry.Key.Text()) { Columns = entry.Value.Map(Columns).Require(Columns).OneOrMore(name => name.Text()) }
            : Read(entry.Key.Text(), entry.Value.Map(Lengths, Columns).Require(Lengths)) with { IsOfLengths = true })]);

    /// <summary>The file of samples; of a set that has none, the first file of an input.</summary>
    public static string FileOf(SampleInputs inputs, RecipeMap map) =>
        map.Find("samples") is null && inputs.All.FirstOrDefault()?.File is { } first ? first : map.Require("samples").File();

    /// <summary>Writes it; <c>null</c>: there are none.</summary>
    /// <param name="inputs">The inputs.</param>
    /// <param name="file">How a path is written.</param>
    public static YamlNode? Write(SampleInputs inputs, Func<string, string> file) => inputs.AreNone ? null
        : inputs.All.All(input => input is { File: null, Key: null, IsOfLengths: false, Columns.Count: 0 })
            ? new YamlSequenceNode(inputs.All.Select(input => new YamlScalarNode(input.Name))) { Style = YamlDotNet.Core.Events.SequenceStyle.Flow }
        : YamlTree.Line([.. inputs.All.Select(input => (input.Name, (object?)Value(input, file)))]);

    private static object Value(InputSource input, Func<string, string> file) => input.IsOfLengths ? YamlTree.Line((Lengths, Text(input, file)))
        : input.Columns.Count > 0 ? YamlTree.Line((Columns, input.Columns))
        : Text(input, file);

    private static string Text(InputSource input, Func<string, string> file) =>
        (input.File is null ? "" : file(input.File)) + (input.Key is null ? input.File is null ? $"{Mark}{input.Name}" : "" : $"{Mark}{input.Key}");

    private static InputSource Read(string name, RecipeValue value)
    {
        var (text, path) = (value.Text(), value.File());
        if (text[0] == Mark)
            return new(name, null, text.Length > 1 ? text[1..] : throw value.OutOfRange("FILE, FILE#KEY or #KEY"));
        var mark = File.Exists(path) ? -1 : path.LastIndexOf(Mark);
        return mark < 0 ? new(name, path) : mark < path.Length - 1 ? new(name, path[..mark], path[(mark + 1)..]) : throw value.OutOfRange("FILE, FILE#KEY or #KEY");
    }
}
