using Microsoft.Win32.SafeHandles;

namespace OnnxKd.Pipeline.Terminal;

/// <summary>
/// Fills the places of stdin, stdout and stderr where the caller has closed them: the next file to be opened would take such a place, and
/// get what is meant for the terminal.
/// </summary>
internal static class StandardStreams
{
    private const int LastPlace = 2;

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
}
