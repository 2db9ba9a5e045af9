using OnnxKd.Core.Errors;
using OnnxKd.Core.Logits;
using OnnxKd.Pipeline.Recipes;
using YamlDotNet.RepresentationModel;

namespace OnnxKd.Pipeline.Commands;

/// <summary>Options that say the same of each teacher.</summary>
internal static class TeacherArguments
{
    private const string Student = "student";

    /// <summary>Says what their outputs hold.</summary>
    public static void SetKind(RecipeSource source, string word, string option) => Set(source, option, word, ("kind", new YamlScalarNode(word)));

    /// <summary>Says whether scores behind no activation are probabilities.</summary>
    public static void SetProbabilities(RecipeSource source, string word, string option) => Set(source, option, word, ("probabilities", new YamlScalarNode(word)));

    /// <summary>Says how states of tokens become one row for a text.</summary>
    public static void SetPooling(RecipeSource source, string word, string option) => Set(source, option, word, ("pooling", new YamlScalarNode(word)));

    /// <summary>
    /// Says which outputs a student learns: the first one, then further ones under their own names, each with what it holds where that is given (<c>NAME=values</c>). A student's file
    /// has them under the same names.
    /// </summary>
    /// <exception cref="InputException">A name is empty, or there is no teacher.</exception>
    public static void SetOutputs(RecipeSource source, string text, string option)
    {
        (string Name, string? Kind)[] outputs = [.. text.Split(',').Select(Parse)];
        if (outputs.Any(output => output.Name.Length == 0))
            throw new InputException("Outputs are names with commas between them.", option, text, "for example age,gender, or age=values,gender");
        var names = outputs.Select(output => output.Name).ToArray();
        Set(source, option, text,
        [
            ("output", new YamlScalarNode(names[0])),
            .. outputs[0].Kind is { } kind ? [("kind", new YamlScalarNode(kind))] : Array.Empty<(string, YamlNode)>(),
            .. names.Length > 1 ? [("outputs", YamlTree.Map([.. outputs.Skip(1).Select(Tapped)]))] : Array.Empty<(string, YamlNode)>(),
        ]);
        if (names.Length > 1)
            source.Set($"{Student}.outputs", new YamlMappingNode(names.Skip(1).SelectMany(name => new YamlNode[] { new TappedTensor(name).Name, name })), option);
        if (source.Root.Find(Student).Find("model") is not null)
            source.Set($"{Student}.output", new YamlScalarNode(names[0]), option);

        static (string Key, object? Value) Tapped((string Name, string? Kind) output) =>
            (new TappedTensor(output.Name).Name, output.Kind is null ? output.Name : YamlTree.Line(("tensor", output.Name), ("kind", output.Kind)));
    }

    /// <summary>A name, and the kind behind its last '=' if that is one.</summary>
    private static (string Name, string? Kind) Parse(string text) =>
        text.Trim() is var name && name.LastIndexOf('=') is > 0 and var at && Enum.GetValues<OutputKind>().Any(kind => kind.Word() == name[(at + 1)..])
            ? (name[..at], name[(at + 1)..])
            : (name, null);

    private static void Set(RecipeSource source, string option, string text, params (string Key, YamlNode Value)[] values)
    {
        if (source.Root.Find("teachers") is not YamlSequenceNode { Children.Count: > 0 } models)
            throw new InputException("An option describes the teacher's output, but there is no teacher.", option, text, remedy: "name a teacher: --teacher");
        foreach (var teacher in models.Children.OfType<YamlMappingNode>())
            foreach (var (key, value) in values)
                teacher.Children[source.Remember(new YamlScalarNode(key), option)] = source.Remember(value, option);
    }
}
