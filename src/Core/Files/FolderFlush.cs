using System.Runtime.InteropServices;

namespace OnnxKd.Core.Files;

/// <summary>Flushes a folder's entries, so that a rename survives a power cut; .NET has no call for it.</summary>
internal static partial class FolderFlush
{
    private const int ReadOnly = 0;

    /// <summary>Best effort: file systems without this ability (and Windows, which orders renames itself) are left alone.</summary>
    public static void ToDisk(string folder)
    {
        if (OperatingSystem.IsWindows())
            return;
        try
        {
            var descriptor = Open(folder, ReadOnly);
            if (descriptor < 0)
                return;
            _ = FSync(descriptor);
            _ = Close(descriptor);
        }
        catch (Exception error) when (error is DllNotFoundException or EntryPointNotFoundException)
        {
            // A C library of another name.
        }
    }

    [LibraryImport("libc", EntryPoint = "open", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync")]
    private static partial int FSync(int descriptor);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int Close(int descriptor);
}
