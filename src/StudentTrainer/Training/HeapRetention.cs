using System.Runtime.InteropServices;

namespace OnnxKd.StudentTrainer.Training;

/// <summary>
/// Keeps freed memory in the process. Each training step frees and asks for megabytes again (gradients, activations), and glibc
/// would hand them back to the system and fault them in anew every time: a quarter of the time of a small student's step.
/// </summary>
internal static partial class HeapRetention
{
    private const string Library = "libc.so.6";

    // Numbers of malloc.h. Blocks below the first limit come from the heap, whose end is kept until it is larger than the second.
    private const int MmapThreshold = -3;
    private const int TrimThreshold = -1;
    private const int LargestHeapBlock = 32 << 20;
    private const int KeptBytes = 1 << 29;

    /// <summary>Asks for it where the C library is glibc; elsewhere nothing changes.</summary>
    public static void Enable()
    {
        var glibc = OperatingSystem.IsLinux() && NativeLibrary.TryLoad(Library, out var library)
            && NativeLibrary.TryGetExport(library, "mallopt", out _);
        if (!glibc)
            return;
        _ = MallOpt(MmapThreshold, LargestHeapBlock);
        _ = MallOpt(TrimThreshold, KeptBytes);
    }

    [LibraryImport(Library, EntryPoint = "mallopt")]
    private static partial int MallOpt(int parameter, int value);
}
