using System.Diagnostics;
using OnnxKd.Core.Errors;

namespace OnnxKd.Pipeline.Deployment;

/// <summary>This program in a process of its own.</summary>
internal static class OwnProcess
{
    /// <summary>Runs a command to its end.</summary>
    /// <param name="words">The words after the program's name.</param>
    /// <param name="token">Ends it at once.</param>
    /// <param name="gently">Instead of ending it at once, close its standard input, which it watches (<see cref="UntilInputEnds"/>), and wait for it.</param>
    /// <param name="onLine">Told each line that it writes to stdout, as it comes; default: they are all given back in the end.</param>
    /// <returns>What it wrote to stdout.</returns>
    /// <exception cref="OnnxKdException">It failed, with its message and of its kind.</exception>
    public static string Run(IReadOnlyList<string> words, CancellationToken token, bool gently = false, Action<string>? onLine = null)
    {
        var program = typeof(OwnProcess).Assembly.Location;
        var start = new ProcessStartInfo(DotNet(), [program, .. words])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var process = Process.Start(start)!;
        if (!gently)
            process.StandardInput.Close();
        using var end = token.Register(() =>
        {
            if (gently)
                process.StandardInput.Close();
            else
                process.Kill(entireProcessTree: true);
        });
        var errors = process.StandardError.ReadToEndAsync(CancellationToken.None);
        while (onLine is not null && process.StandardOutput.ReadLine() is { } line)
            onLine(line);
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        token.ThrowIfCancellationRequested();
        return process.ExitCode == 0 ? output : throw Failure((ExitCode)process.ExitCode, errors.GetAwaiter().GetResult().Trim());
    }

    /// <summary>A token that is cancelled when the process that started this one says so or is gone, however that came about.</summary>
    /// <param name="token">Cancels it too.</param>
    public static CancellationToken UntilInputEnds(CancellationToken token)
    {
        var source = CancellationTokenSource.CreateLinkedTokenSource(token);
        new Thread(() =>
        {
            while (Console.In.Read() >= 0)
            {
            }
            source.Cancel();
        }) { IsBackground = true, Name = "standard input" }.Start();
        return source.Token;
    }

    /// <summary>The host that runs this program, or, where it has a host of its own, the one on the PATH.</summary>
    private static string DotNet() => Environment.ProcessPath is { } host && Path.GetFileNameWithoutExtension(host) == "dotnet" ? host : "dotnet";

    private static OnnxKdException Failure(ExitCode code, string message)
    {
        var text = message.StartsWith("error: ", StringComparison.Ordinal) ? message["error: ".Length..] : message;
        return code switch
        {
            ExitCode.BadInput => new InputException(text),
            ExitCode.UnsupportedModel => new UnsupportedModelException(text),
            ExitCode.CheckFailed => new CheckFailedException(text),
            _ => new MachineException("A process that was started for a part of the work ended before it was done.", found: $"exit code {(int)code}: {text}"),
        };
    }
}
