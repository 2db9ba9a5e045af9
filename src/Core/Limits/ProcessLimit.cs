using System.Globalization;

namespace OnnxKd.Core.Limits;

/// <summary>Limits that the system puts on the process (<c>ulimit</c>).</summary>
internal static class ProcessLimit
{
    private const string LimitsFile = "/proc/self/limits";

    /// <summary>How many bytes of addresses the process may have; <c>null</c>: there is no limit, or the system does not tell it.</summary>
    public static long? AddressSpace => Find("Max address space");

    /// <summary>The limit that holds now; <c>null</c>: there is none, or the system does not tell it.</summary>
    public static long? Find(string name) => OperatingSystem.IsLinux() ? Find(File.ReadLines(LimitsFile), name) : null;

    /// <summary>The limit that a table says.</summary>
    /// <param name="lines">The lines of the system's table: name, soft limit, hard limit, unit.</param>
    /// <param name="name">The limit's name.</param>
    public static long? Find(IEnumerable<string> lines, string name) =>
        lines.FirstOrDefault(line => line.StartsWith(name, StringComparison.Ordinal)) is { } found
        && long.TryParse(found[name.Length..].Split(' ', StringSplitOptions.RemoveEmptyEntries)[0], NumberStyles.None, CultureInfo.InvariantCulture, out var limit) ? limit : null;
}
