using System.CommandLine;
using OnnxKd.Core.Progress;

namespace OnnxKd.Pipeline.Commands;

/// <summary>Where to write what took how long.</summary>
internal sealed class ProfileArgument
{
    private readonly Option<string?> file = new("--profile")
    {
        Description = "Write what took how long, for chrome://tracing or ui.perfetto.dev.",
        HelpName = "FILE.json",
    };

    /// <summary>Declares the option.</summary>
    public void AddTo(Command command) => command.Add(file);

    /// <summary>Begins a recording that ends when it is disposed; <c>null</c> if none is asked for.</summary>
    /// <exception cref="Core.Errors.InputException">The file's folder does not exist.</exception>
    public Profile? Start(ParseResult parsed) => parsed.GetValue(file) is { } path ? Profile.RecordTo(path) : null;
}
