using System.CommandLine;
using System.CommandLine.Completions;

namespace OnnxKd.Pipeline.Completion;

/// <summary>What can be typed after a command, as the table of commands has it.</summary>
/// <param name="Path">The words of the command, without the program's name: <c>cache info</c>; empty for the program itself.</param>
/// <param name="Subcommands">The commands below it.</param>
/// <param name="Options">All names of its options, those that every command has among them.</param>
/// <param name="Words">What its arguments can be, where that is known.</param>
internal sealed record CompletedCommand(string Path, IReadOnlyList<string> Subcommands, IReadOnlyList<string> Options, IReadOnlyList<string> Words);

/// <summary>The tree of commands, for the scripts that complete command lines.</summary>
/// <param name="Commands">The program and all commands, those above first.</param>
/// <param name="Values">By the name of an option that takes a value what it can be; empty: a file, or anything.</param>
internal sealed record CommandTree(IReadOnlyList<CompletedCommand> Commands, IReadOnlyDictionary<string, IReadOnlyList<string>> Values)
{
    /// <summary>Reads the tree.</summary>
    public static CommandTree Of(Command root)
    {
        var (commands, values) = (new List<CompletedCommand>(), new SortedDictionary<string, IReadOnlyList<string>>(StringComparer.Ordinal));
        Add(root, "", []);
        return new(commands, values);

        void Add(Command command, string path, IReadOnlyList<Option> inherited)
        {
            Option[] options = [.. command.Options.Where(option => !option.Hidden), .. inherited];
            foreach (var option in options.Where(TakesValue))
                foreach (var name in NamesOf(option))
                    values[name] = [.. values.GetValueOrDefault(name, []).Union(WordsOf(option))];
            var below = command.Subcommands.Where(subcommand => !subcommand.Hidden).ToArray();
            commands.Add(new(path, [.. below.Select(subcommand => subcommand.Name)], [.. options.SelectMany(NamesOf)], [.. command.Arguments.SelectMany(WordsOf)]));
            foreach (var subcommand in below)
                Add(subcommand, $"{path} {subcommand.Name}".Trim(), [.. options.Where(option => option.Recursive)]);
        }
    }

    private static bool TakesValue(Option option) => option.Arity.MaximumNumberOfValues > 0 && option.ValueType != typeof(bool);

    private static IEnumerable<string> NamesOf(Option option) => option.Aliases.Prepend(option.Name).Where(name => name.StartsWith('-'));

    private static IEnumerable<string> WordsOf(Symbol symbol) => symbol.GetCompletions(CompletionContext.Empty).Select(item => item.Label);
}
