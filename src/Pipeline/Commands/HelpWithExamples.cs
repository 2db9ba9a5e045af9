using System.CommandLine;
using System.CommandLine.Completions;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace OnnxKd.Pipeline.Commands;

/// <summary>The usual help, and the examples of the command or of all commands.</summary>
internal sealed class HelpWithExamples(HelpAction help) : SynchronousCommandLineAction
{
    // More would make the column of names wider than a screen.
    private const int MostWords = 40;

    /// <inheritdoc/>
    public override bool ClearsParseErrors => true;

    /// <inheritdoc/>
    public override int Invoke(ParseResult parseResult)
    {
        var command = parseResult.CommandResult.Command;
        foreach (var option in command.Options)
            option.HelpName ??= Short(option, option.GetCompletions(CompletionContext.Empty), "NAME");
        foreach (var argument in command.Subcommands.SelectMany(subcommand => subcommand.Arguments).Concat(command.Arguments))
            argument.HelpName ??= Short(argument, argument.GetCompletions(CompletionContext.Empty), argument.Name);
        var result = help.Invoke(parseResult);
        var examples = command is ExampleCommand own
            ? own.Examples
            : command.Subcommands.OfType<ExampleCommand>().Select(subcommand => subcommand.Examples[0]);
        var output = parseResult.InvocationConfiguration.Output;
        output.WriteLine("Examples:");
        foreach (var example in examples)
            output.WriteLine($"  {example}");
        output.WriteLine();
        return result;
    }

    /// <summary>Where many words may be given, they stand in the description.</summary>
    private static string? Short(Symbol symbol, IEnumerable<CompletionItem> completions, string name)
    {
        string[] words = [.. completions.Select(item => item.Label)];
        if (words.Sum(word => word.Length + 1) <= MostWords)
            return null;
        symbol.Description = $"{symbol.Description} One of {string.Join(", ", words)}.";
        return name;
    }
}
