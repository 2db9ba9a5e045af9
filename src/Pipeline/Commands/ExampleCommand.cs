using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace OnnxKd.Pipeline.Commands;

/// <summary>A command whose help ends in examples.</summary>
internal abstract class ExampleCommand(string name, string description, params IReadOnlyList<string> examples) : Command(name, description)
{
    /// <summary>Lines that can be typed as they stand.</summary>
    public IReadOnlyList<string> Examples => examples;

    /// <summary>Says what the command does. Only an asynchronous action sees the token.</summary>
    protected void Does(Action<ParseResult, TextWriter, TextWriter, CancellationToken> action) => SetAction((parsed, token) =>
    {
        action(parsed, parsed.InvocationConfiguration.Output, parsed.InvocationConfiguration.Error, token);
        return Task.FromResult(0);
    });
}

/// <summary>The usual help, and the examples of the command or of all commands.</summary>
internal sealed class HelpWithExamples(HelpAction help) : SynchronousCommandLineAction
{
    /// <inheritdoc/>
    public override bool ClearsParseErrors => true;

    /// <inheritdoc/>
    public override int Invoke(ParseResult parseResult)
    {
        var result = help.Invoke(parseResult);
        var command = parseResult.CommandResult.Command;
        var examples = command is ExampleCommand own ? own.Examples : command.Subcommands.OfType<ExampleCommand>().Select(c => c.Examples[0]);
        var output = parseResult.InvocationConfiguration.Output;
        output.WriteLine("Examples:");
        foreach (var example in examples)
            output.WriteLine($"  {example}");
        output.WriteLine();
        return result;
    }
}
