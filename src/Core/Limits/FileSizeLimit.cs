using System.Runtime.InteropServices;

namespace OnnxKd.Core.Limits;

/// <summary>How large a file may become that the process writes (<c>ulimit -f</c>). Linux enforces it by a signal that ends the process.</summary>
internal static class FileSizeLimit
{
    private const PosixSignal Exceeded = (PosixSignal)25; // SIGXFSZ

    // For ever: a signal is handled on a thread of its own, perhaps only when the program is about to end.
    private static PosixSignalRegistration? registration;

    /// <summary>From now on a write beyond the limit is an error of that write.</summary>
    public static void BecomesAnError()
    {
        if (OperatingSystem.IsLinux())
            registration ??= PosixSignalRegistration.Create(Exceeded, context => context.Cancel = true);
    }
}
