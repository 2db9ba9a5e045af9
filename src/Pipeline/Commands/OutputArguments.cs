using System.CommandLine;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Logits;
using OnnxKd.Pipeline.Recipes;
using YamlDotNet.RepresentationModel;

namespace OnnxKd.Pipeline.Commands;

/// <summary>The options that say what is learned from teachers and what it holds, the same of each: those of <c>run</c> and of <c>inspect</c>.</summary>
internal sealed class OutputArguments
{
    private const string Student = "student";

    private readonly Option<string?> outputs = new("--outputs")
    {
        Description = "Outputs of the teacher that one student learns, with commas, and what they hold where that is not clear: age=values,gender. (keys: teachers[].output, teachers[].outputs, student.outputs)",
    };

    private readonly Option<string?> kind = new("--kind")
    {
        Description = "What the teachers' output holds: classes, labels, values, embedding or detector; found by default. (key: teachers[].kind)",
    };

    private readonly Option<string?> probabilities = new("--probabilities")
    {
        Description = "Whether teachers' scores behind no activation are probabilities (true) or logits (false); found by default. (key: teachers[].probabilities)",
    };

    private readonly Option<string?> pooling = new("--pooling")
    {
        Description = "Of teachers that give states of tokens: mean or first makes one embedding for a text of them. (key: teachers[].pooling)",
    };

    /// <summary>All of them.</summary>
    public IReadOnlyList<Option> Options => [kind, probabilities, pooling, outputs];

    /// <summary>Says what the teachers' output holds.</summary>
    /// <param name="source">The recipe; changed.</param>
    /// <param name="valueOf">What an option is given.</param>
    /// <exception cref="InputException">There is no teacher.</exception>
    public void Describe(RecipeSource source, Func<Option<string?>, string?> valueOf)
    {
        foreach (var option in new[] { kind, probabilities, pooling })
            if (valueOf(option) is { } word)
                Set(source, option.Name, word, (option.Name.TrimStart('-'), new YamlScalarNode(word)));
    }

    /// <summary>Says which outputs a student learns.</summary>
    /// <inheritdoc cref="Describe"/>
    public void Choose(RecipeSource source, Func<Option<string?>, string?> valueOf)
    {
        if (valueOf(outputs) is { } names)
            SetOutputs(source, names, outputs.Name);
    }

    /// <summary>
    /// The first one, then further ones under their own names, each with what it holds where that is given (<c>NAME=values</c>). A student's file
    /// has them under the same names.
    /// </summary>
    /// <exception cref="InputException">A name is empty, or there is no teacher.</exception>
    private static void SetOutputs(RecipeSource source, string text, string option)
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
