using System.CommandLine;
using OnnxKd.Pipeline.Terminal;

namespace OnnxKd.Pipeline.Commands;

/// <summary>Options that every command has.</summary>
internal static class GlobalOptions
{
    /// <summary>JSON instead of text.</summary>
    public static Option<bool> Json { get; } = new("--json")
    {
        Description = "Write one JSON document to stdout and nothing else there.",
        Recursive = true,
    };

    /// <summary>Stack traces.</summary>
    public static Option<bool> Verbose { get; } = new("--verbose") { Description = "Show stack traces of errors.", Recursive = true };

    /// <summary>How a command shows its result and its progress.</summary>
    public static OutputStyle Style(ParseResult parsed)
    {
        var configuration = (OutputConfiguration)parsed.InvocationConfiguration;
        return new(parsed.GetValue(Json), configuration.OutputIsTerminal, configuration.ErrorIsTerminal);
    }
}
