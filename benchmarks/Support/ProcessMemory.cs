using System.Globalization;
using System.Runtime.InteropServices;

namespace OnnxKd.Benchmarks.Support;

/// <summary>The memory of this process as Linux sees it.</summary>
internal static partial class ProcessMemory
{
    /// <summary>By how many bytes the process grows at most while something is done.</summary>
    public static long GrowthDuring(Action work)
    {
        _ = malloc_trim(0); // what is free goes back to the system: it would hide what is asked for again
        File.WriteAllText("/proc/self/clear_refs", "5"); // the peak starts anew
        var before = Status("VmRSS");
        work();
        return Status("VmHWM") - before;
    }

    private static long Status(string key)
    {
        var line = File.ReadLines("/proc/self/status").First(line => line.StartsWith($"{key}:", StringComparison.Ordinal));
        return 1024 * long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture);
    }

    [LibraryImport("libc.so.6")]
    private static partial int malloc_trim(nint pad);
}
