using System.Runtime.InteropServices;

namespace OnnxKd.StudentTrainer.Training;

/// <summary>
/// Keeps freed memory in the process. Each training step frees and asks for the same memory again (gradients, activations), and glibc
/// would hand it back to the system and fault it in anew every time: up to a quarter of the time of a step.
/// </summary>
internal static partial class HeapRetention
{
    private const string Library = "libc.so.6";

    // Settings of malloc.h.
    private const int MappedBlocks = -4;
    private const int TrimThreshold = -1;

    /// <summary>Asks for it where the C library is glibc; elsewhere nothing changes.</summary>
    public static void Enable()
    {
        var glibc = OperatingSystem.IsLinux() && NativeLibrary.TryLoad(Library, out var library)
            && NativeLibrary.TryGetExport(library, "mallopt", out _);
        if (!glibc)
            return;
        _ = MallOpt(MappedBlocks, 0); // large blocks come from the heap too
        _ = MallOpt(TrimThreshold, -1); // whose end is never given back
    }

    [LibraryImport(Library, EntryPoint = "mallopt")]
    private static partial int MallOpt(int parameter, int value);
}
