using System.Diagnostics;

namespace OnnxKd.Pipeline.Tests.Terminal;

/// <summary>The program in a process whose caller closed streams, or allows few files.</summary>
public sealed class StandardStreamsTests
{
    [Theory]
    [InlineData("0<&-", 0)]
    [InlineData("1>&-", 2)]
    [InlineData("0<&- 1>&-", 2)] // both ends of a pipe of the runtime's stand there then
    [InlineData("0<&- 2>&-", 0)]
    [InlineData("0<&- 1>&- 2>&-", 2)]
    public void Run_StreamsClosed_SaysWhereTheResultIsLost(string closed, int exitCode)
    {
        var (code, output, error) = Start($"exec \"$@\" {closed}", "settings", "training");

        Assert.Equal(exitCode, code);
        Assert.Equal(exitCode == 0, output.Contains("epochs", StringComparison.Ordinal));
        if (exitCode != 0 && !closed.Contains("2>", StringComparison.Ordinal))
            Assert.Contains("could not be written to stdout", error);
    }

    [Fact]
    public void Run_FewDescriptors_SaysSoBeforeAnything()
    {
        var (code, _, error) = Start("ulimit -n 100; exec \"$@\"", "settings", "training");

        Assert.Equal(2, code);
        Assert.Contains("ulimit -n 4096", error);
    }

    private static (int Code, string Output, string Error) Start(string shell, params string[] words)
    {
        using var process = Process.Start(new ProcessStartInfo("/bin/sh", ["-c", shell, "sh", "dotnet", typeof(CommandLine).Assembly.Location, .. words])
        {
            RedirectStandardOutput = true, RedirectStandardError = true,
        })!;
        var error = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output, error.Result);
    }
}
