using OnnxKd.Pipeline.Commands;

namespace OnnxKd.Pipeline.Tests.Support;

/// <summary>What a command line gave.</summary>
internal sealed record CliResult(int ExitCode, string Output, string Error);

/// <summary>Runs the command line in this process.</summary>
internal static class Cli
{
    public static CliResult Run(params string[] args) => Run(CancellationToken.None, args);

    public static CliResult Run(CancellationToken token, params string[] args) => Run(new StringWriter(), isTerminal: false, token, args);

    /// <summary>Runs a command as if on a terminal and calls back, on the thread that does the work, each time that it reports its progress.</summary>
    public static CliResult RunAndWatch(Action onProgress, CancellationToken token, params string[] args) =>
        Run(new WatchedWriter(onProgress), isTerminal: true, token, args);

    /// <summary>Runs a command that must succeed.</summary>
    public static CliResult Done(params string[] args)
    {
        var result = Run(args);
        Assert.True(result.ExitCode == 0, $"exit code {result.ExitCode}: {result.Error}");
        return result;
    }

    /// <summary>Runs a command that must fail, with a message and without a stack trace.</summary>
    public static string Fails(int exitCode, params string[] args)
    {
        var result = Run(args);
        Assert.True(result.ExitCode == exitCode, $"exit code {result.ExitCode} instead of {exitCode}: {result.Error}");
        Assert.DoesNotContain("   at OnnxKd", result.Error);
        Assert.Empty(result.Output);
        return result.Error;
    }

    private static CliResult Run(StringWriter error, bool isTerminal, CancellationToken token, string[] args)
    {
        var output = new StringWriter();
        var configuration = new OutputConfiguration { Output = output, Error = error, ErrorIsTerminal = isTerminal };
        var code = CommandLine.InvokeAsync(args, configuration, token).GetAwaiter().GetResult();
        return new(code, output.ToString(), error.ToString());
    }

    private sealed class WatchedWriter(Action onFlush) : StringWriter
    {
        public override void Flush() => onFlush();
    }
}
