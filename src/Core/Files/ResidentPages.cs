using System.Runtime.InteropServices;

namespace OnnxKd.Core.Files;

/// <summary>
/// Pages of a mapped file that a process has touched count as its memory until the kernel takes them back, which it does only when memory
/// is short. Releasing them keeps a process small however large the files are that it reads; .NET has no call for it.
/// </summary>
internal static unsafe partial class ResidentPages
{
    /// <summary>On Linux and macOS alike.</summary>
    private const int DontNeed = 4;

    /// <summary>Best effort: what is not released merely stays. For read-only maps of files, whose pages can be read again.</summary>
    public static void Release(byte* start, long length)
    {
        if (start is not null && !OperatingSystem.IsWindows())
            _ = Advise(start, (nuint)length, DontNeed);
    }

    [LibraryImport("libc", EntryPoint = "madvise")]
    private static partial int Advise(byte* start, nuint length, int advice);
}
