using System.CommandLine;
using OnnxKd.Pipeline.Recipes;
using YamlDotNet.RepresentationModel;

namespace OnnxKd.Pipeline.Commands;

/// <summary>An option of the command line that stands for keys of a recipe.</summary>
/// <param name="Name">Its name, with dashes.</param>
/// <param name="Keys">The keys that get its value.</param>
/// <param name="Description">What its help says; the first key is added.</param>
/// <param name="IsFile">Whether its value is a path, relative to the working folder.</param>
/// <param name="IsList">Whether its value is a list with commas.</param>
/// <param name="Replaces">Keys that say the same in another way, which are removed; <c>null</c>: none.</param>
/// <param name="Words">Values that completion offers; <c>null</c>: none.</param>
internal sealed record KeyOption(
    string Name, string[] Keys, string Description, bool IsFile = false, bool IsList = false, string[]? Replaces = null, string[]? Words = null)
{
    /// <summary>What is done to samples before a model sees them.</summary>
    public static KeyOption[] OfPreprocessing() =>
    [
        new("--scale", ["data.preprocessing.scale"], "Factor on stored values, for example 1/255."),
        new("--mean", ["data.preprocessing.mean"], "Subtracted after scaling: one number, or one for each channel, for example 0.485,0.456,0.406.", IsList: true),
        new("--std", ["data.preprocessing.std"], "Divided by after that.", IsList: true),
    ];

    /// <summary>The option.</summary>
    public Option<string?> Option { get; } = Declare(Name, $"{Description} (key: {Keys[0]})", Words, IsFile ? "FILE" : "VALUE");

    /// <summary>Writes the value under the keys, if a command line has one.</summary>
    public void Apply(ParseResult parsed, RecipeSource source)
    {
        if (parsed.GetValue(Option) is { } text)
            Apply(text, source);
    }

    /// <summary>Writes a value under the keys.</summary>
    public void Apply(string text, RecipeSource source)
    {
        foreach (var key in Replaces ?? [])
            source.Remove(key);
        foreach (var key in Keys)
            source.Set(key, Node(text), Name);
    }

    private static Option<string?> Declare(string name, string description, string[]? words, string takes)
    {
        var option = new Option<string?>(name) { Description = description, HelpName = words is null ? takes : null };
        if (words is not null)
            option.CompletionSources.Add(words);
        return option;
    }

    private YamlNode Node(string text) => IsList
        ? new YamlSequenceNode(text.Trim('[', ']').Split(',').Select(part => new YamlScalarNode(part.Trim())))
        : new YamlScalarNode(IsFile ? Path.GetFullPath(text) : text);
}
