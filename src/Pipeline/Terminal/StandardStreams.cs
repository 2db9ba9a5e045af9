using Microsoft.Win32.SafeHandles;

namespace OnnxKd.Pipeline.Terminal;

/// <summary>
/// Fills the places of stdin, stdout and stderr where the caller has closed them: the next file to be opened would take such a place, and
/// get what is meant for the terminal.
/// </summary>
internal static class StandardStreams
{
    private const int LastPlace = 2;
    private const string Places = "/proc/self/fd";

    private static readonly List<SafeFileHandle> kept = [];

    /// <summary>To be called before any other file is opened.</summary>
    public static void Fill()
    {
        if (OperatingSystem.IsWindows())
            return;
        while (true)
        {
            var handle = File.OpenHandle("/dev/null", FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
            if (handle.DangerousGetHandle() > LastPlace)
            {
                handle.Dispose();
                return;
            }
            kept.Add(handle); // until the process ends
        }
    }

    /// <summary>
    /// Whether the runtime has taken a place that the caller had closed, for a pipe to itself: what is written there would be read as something else.
    /// </summary>
    /// <param name="place">1 or 2.</param>
    public static bool IsTaken(int place)
    {
        if (!OperatingSystem.IsLinux() || PipeAt($"{Places}/{place}") is not { } pipe)
            return false;
        var reads = IsReading($"{place}");
        return Directory.EnumerateFileSystemEntries(Places).Any(other => PipeAt(other) == pipe && IsReading(Path.GetFileName(other)) != reads);
    }

    /// <summary>The pipe that a place leads to; <c>null</c>: to none.</summary>
    private static string? PipeAt(string place) => new FileInfo(place).LinkTarget is { } target && target.StartsWith("pipe:", StringComparison.Ordinal) ? target : null;

    /// <summary>Whether a place is the end of a pipe that is read: the last octal digit of its flags is that of O_RDONLY.</summary>
    private static bool IsReading(string place)
    {
        try
        {
            return File.ReadLines($"/proc/self/fdinfo/{place}").First(line => line.StartsWith("flags:", StringComparison.Ordinal))[^1] is '0' or '4';
        }
        catch (IOException)
        {
            return false; // closed since
        }
    }
}
