using System.Diagnostics;
using System.Globalization;

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
    public static double OfChild(params string[] arguments)
    {
        string[] command = [typeof(PeakMemory).Assembly.Location, .. arguments];
        using var child = Process.Start(new ProcessStartInfo(Environment.ProcessPath!, command) { RedirectStandardOutput = true })!;
        var output = child.StandardOutput.ReadToEnd();
        child.WaitForExit();
        return child.ExitCode == 0
            ? double.Parse(output, CultureInfo.InvariantCulture)
            : throw new UsageException($"{arguments[0]} ended with exit code {child.ExitCode}; its message stands above");
    }
}
