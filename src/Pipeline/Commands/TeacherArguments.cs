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

    /// <summary>Says which outputs a student learns: the first one, then further ones under their own names. A student's file has them under the same names.</summary>
    /// <exception cref="InputException">A name is empty, or there is no teacher.</exception>
    public static void SetOutputs(RecipeSource source, string text, string option)
    {
        string[] names = [.. text.Split(',').Select(name => name.Trim())];
        if (names.Any(name => name.Length == 0))
            throw new InputException("Outputs are names with commas between them.", option, text, "for example age,gender");
        Set(source, option, text, [("output", new YamlScalarNode(names[0])), .. names.Length > 1 ? [("outputs", Further())] : Array.Empty<(string, YamlNode)>()]);
        if (names.Length > 1)
            source.Set($"{Student}.outputs", Further(), option);
        if (source.Root.Children.TryGetValue(new YamlScalarNode(Student), out var student) && student is YamlMappingNode map && map.Children.ContainsKey(new YamlScalarNode("model")))
            source.Set($"{Student}.output", new YamlScalarNode(names[0]), option);

        YamlNode Further() => new YamlMappingNode(names.Skip(1).SelectMany(name => new YamlNode[] { new TappedTensor(name).Name, name }));
    }

    private static void Set(RecipeSource source, string option, string text, params (string Key, YamlNode Value)[] values)
    {
        if (!source.Root.Children.TryGetValue(new YamlScalarNode("teachers"), out var list) || list is not YamlSequenceNode { Children.Count: > 0 } models)
            throw new InputException("Something is said of the teacher's output, and there is no teacher.", option, text, remedy: "name a teacher: --teacher");
        foreach (var teacher in models.Children.OfType<YamlMappingNode>())
            foreach (var (key, value) in values)
                teacher.Children[source.Remember(new YamlScalarNode(key), option)] = source.Remember(value, option);
    }
}
