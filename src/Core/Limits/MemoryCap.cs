using System.Globalization;
using System.Runtime.InteropServices;

namespace OnnxKd.Core.Limits;

/// <summary>
/// Lowers the memory that this process may get from the system, for a while: native libraries then report that they get none, however they ask, and
/// before a page is touched. On Linux; elsewhere it does nothing. Several at a time share the highest.
/// </summary>
internal static partial class MemoryCap
{
    private const int DataLimit = 2;
    private const string StatusFile = "/proc/self/status";
    private const string DataField = "VmData:";

    // Threads that are started meanwhile have stacks.
    private const long BytesOfAThread = 16L << 20;

    private static readonly Lock gate = new();
    private static int active;
    private static Limit before;

    /// <summary>Allows some bytes more than the process has now.</summary>
    public static void Enter(long bytes)
    {
        if (!OperatingSystem.IsLinux())
            return;
        lock (gate)
        {
            if (active++ == 0 && GetLimit(DataLimit, out before) != 0)
                before = new(ulong.MaxValue, ulong.MaxValue);
            var wanted = (ulong)(Used() + bytes + Environment.ProcessorCount * BytesOfAThread);
            GetLimit(DataLimit, out var now);
            Set(active == 1 ? wanted : Math.Max(wanted, now.Soft));
        }
    }

    /// <summary>Allows what was allowed before, when the last has left.</summary>
    public static void Leave()
    {
        if (!OperatingSystem.IsLinux())
            return;
        lock (gate)
            if (--active == 0)
                Set(before.Soft);
    }

    private static void Set(ulong soft)
    {
        var limit = new Limit(Math.Min(soft, before.Soft), before.Hard);
        _ = SetLimit(DataLimit, limit);
    }

    private static long Used()
    {
        var line = File.ReadLines(StatusFile).First(line => line.StartsWith(DataField, StringComparison.Ordinal));
        return long.Parse(line.AsSpan(DataField.Length, line.Length - DataField.Length - "kB".Length), NumberStyles.AllowLeadingWhite | NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture) << 10;
    }

    [StructLayout(LayoutKind.Sequential)]
    private readonly record struct Limit(ulong Soft, ulong Hard);

    [LibraryImport("libc", EntryPoint = "getrlimit")]
    private static partial int GetLimit(int resource, out Limit limit);

    [LibraryImport("libc", EntryPoint = "setrlimit")]
    private static partial int SetLimit(int resource, in Limit limit);
}
