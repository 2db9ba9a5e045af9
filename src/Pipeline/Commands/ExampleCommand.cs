using System.CommandLine;

namespace OnnxKd.Pipeline.Commands;

/// <summary>A command whose help ends in examples.</summary>
internal abstract class ExampleCommand(string name, string description, params IReadOnlyList<string> examples) : Command(name, description)
{
    /// <summary>Lines that can be typed as they stand.</summary>
    public IReadOnlyList<string> Examples => examples;

    /// <summary>Whether the same command goes on where it was, after it was stopped.</summary>
    public virtual bool GoesOn(ParseResult parsed) => false;

    /// <summary>Says what the command does. Only an asynchronous action sees the token.</summary>
    protected void Does(Action<ParseResult, TextWriter, TextWriter, CancellationToken> action) => SetAction((parsed, token) =>
    {
        var error = parsed.GetValue(GlobalOptions.Quiet) ? TextWriter.Null : parsed.InvocationConfiguration.Error;
        action(parsed, parsed.InvocationConfiguration.Output, error, token);
        return Task.FromResult(0);
    });
}
