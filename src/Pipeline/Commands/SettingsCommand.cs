using System.CommandLine;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Text;
using OnnxKd.Pipeline.Recipes;
using OnnxKd.Pipeline.Terminal;

namespace OnnxKd.Pipeline.Commands;

/// <summary><c>onnxkd settings [SECTION]</c>: the keys of recipes, what they take, and their defaults.</summary>
internal sealed class SettingsCommand : ExampleCommand
{
    private readonly Argument<string?> section = new("SECTION")
    {
        Description = "A section, or a key of recipes; without one, all sections.",
        Arity = ArgumentArity.ZeroOrOne,
    };

    /// <summary>Declares the command.</summary>
    public SettingsCommand()
        : base("settings", "Shows the keys of recipes: what they take, their defaults and meaning.", "onnxkd settings", "onnxkd settings optimizers")
    {
        section.CompletionSources.Add([.. SettingsPages.Names]);
        Add(section);
        Does((parsed, stdout, _, _) => Run(parsed.GetValue(section), GlobalOptions.Style(parsed), stdout));
    }

    /// <summary>Runs it.</summary>
    /// <exception cref="InputException">There is no such section.</exception>
    public static void Run(string? section, OutputStyle style, TextWriter stdout)
    {
        var names = section is null ? SettingsPages.Names : SettingsPages.Find(section);
        if (names.Count == 0)
            throw new InputException(
                "No table of settings has this name.", "SECTION", section, $"one of {string.Join(", ", SettingsPages.Names.Concat(SettingsPages.Keys))}",
                Suggestions.Nearest(section!, SettingsPages.Names.Concat(SettingsPages.Keys)) is { } nearest ? $"did you mean '{nearest}'?" : "other keys of recipes are explained in docs/recipes.md");
        if (style.Json)
            stdout.Write(CanonicalJson.Serialize(names.ToDictionary(name => name, SettingsPages.Text)));
        else
            stdout.Write(string.Join("\n", names.Select(name => names.Count > 1 ? $"# {name}\n\n{SettingsPages.Text(name)}" : SettingsPages.Text(name))));
    }
}
