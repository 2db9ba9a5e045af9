using System.Diagnostics;
using System.Globalization;
using OnnxKd.Benchmarks.Training;

namespace OnnxKd.Benchmarks.Support;

/// <summary>The most memory that a process ever held at once (VmHWM), in MiB.</summary>
internal static class PeakMemory
{
    /// <summary>This process's.</summary>
    public static double OfThisProcess()
    {
        var line = File.ReadLines("/proc/self/status").First(l => l.StartsWith("VmHWM:", StringComparison.Ordinal));
        return long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) / 1024.0;
    }

    /// <summary>That of a new process of this program, which prints it last.</summary>
    /// <param name="arguments">The arguments.</param>
    public static double OfChild(params string[] arguments) =>
        OfCommand(Environment.ProcessPath!, [typeof(PeakMemory).Assembly.Location, .. arguments]);

    /// <summary>That of a Python process, which prints it last.</summary>
    /// <param name="script">A script of this project.</param>
    /// <param name="arguments">Its arguments.</param>
    public static double OfPython(string script, params string[] arguments) =>
        OfCommand(Peer.Python, [Path.Combine(AppContext.BaseDirectory, script), .. arguments]);

    private static double OfCommand(string program, string[] arguments)
    {
        using var child = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true })!;
        var output = child.StandardOutput.ReadToEnd();
        child.WaitForExit();
        return child.ExitCode == 0
            ? double.Parse(output, CultureInfo.InvariantCulture)
            : throw new UsageException($"{string.Join(' ', arguments)} ended with exit code {child.ExitCode}; its message stands above");
    }
}
