using System.CommandLine;

namespace OnnxKd.Pipeline.Commands;

/// <summary>Where a command writes, and what is at the other end.</summary>
internal sealed class OutputConfiguration : InvocationConfiguration
{
    /// <summary>Errors are turned into exit codes in one place, and Ctrl+C waits for a checkpoint however long that takes.</summary>
    public OutputConfiguration() => (EnableDefaultExceptionHandler, ProcessTerminationTimeout) = (false, null);

    /// <summary>Whether stdout is a terminal.</summary>
    public bool OutputIsTerminal { get; init; }

    /// <summary>Whether stderr is a terminal.</summary>
    public bool ErrorIsTerminal { get; init; }
}
