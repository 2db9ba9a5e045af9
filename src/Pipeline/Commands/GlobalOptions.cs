using System.CommandLine;
using System.Globalization;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Limits;
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

    /// <summary>Nothing on stderr but errors.</summary>
    public static Option<bool> Quiet { get; } = new("--quiet", "-q") { Description = "Write no progress and no remarks, errors alone.", Recursive = true };

    /// <summary>Memory of a model that is tried.</summary>
    public static Option<long?> MemoryLimit { get; } = new(ModelLimits.MemoryOption)
    {
        Description = "MiB that a model may take, beside its weights and samples, while it is tried (default 2048; inspect: 512).", HelpName = "MIB", Recursive = true,
    };

    /// <summary>Time of a model that is tried.</summary>
    public static Option<double?> TimeLimit { get; } = new(ModelLimits.TimeOption)
    {
        Description = "Seconds that a model may run while it is tried (default 60; inspect: 8).", HelpName = "SECONDS", Recursive = true,
    };

    /// <summary>Takes over the limits of models.</summary>
    /// <exception cref="InputException">One is not above 0.</exception>
    public static void SetLimits(ParseResult parsed)
    {
        if (parsed.GetValue(MemoryLimit) is { } memory)
            ModelLimits.Memory = memory is > 0 and < 1L << 40 ? memory << 20 : throw NotAbove0(MemoryLimit, $"{memory}");
        else if (parsed.CommandResult.Command is InspectCommand)
            ModelLimits.Memory = InspectCommand.Memory;
        if (parsed.GetValue(TimeLimit) is { } seconds)
            ModelLimits.Time = seconds is > 0 and < 1e7 ? TimeSpan.FromSeconds(seconds) : throw NotAbove0(TimeLimit, $"{seconds}");
        else if (parsed.CommandResult.Command is InspectCommand)
            ModelLimits.Time = InspectCommand.Time;
    }

    /// <summary>The limits as words, for another process.</summary>
    public static IEnumerable<string> LimitWords(ParseResult parsed) =>
    [
        .. parsed.GetValue(MemoryLimit) is { } memory ? new[] { MemoryLimit.Name, memory.ToString(CultureInfo.InvariantCulture) } : [],
        .. parsed.GetValue(TimeLimit) is { } seconds ? new[] { TimeLimit.Name, seconds.ToString(CultureInfo.InvariantCulture) } : [],
    ];

    private static InputException NotAbove0(Option option, string found) => new("A limit is out of range.", option.Name, found, "a number above 0");

    /// <summary>How a command shows its result and its progress.</summary>
    public static OutputStyle Style(ParseResult parsed)
    {
        var configuration = (OutputConfiguration)parsed.InvocationConfiguration;
        return new(parsed.GetValue(Json), configuration.OutputIsTerminal, configuration.ErrorIsTerminal);
    }
}
