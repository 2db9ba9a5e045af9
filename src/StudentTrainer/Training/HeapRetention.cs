using System.Runtime.InteropServices;

namespace OnnxKd.StudentTrainer.Training;

/// <summary>
/// How glibc treats large blocks. Each training step frees and asks for the same memory again (gradients, activations); glibc would hand
/// it back to the system and fault it in anew every time, up to a quarter of the time of a step. So steps keep it. What is made before
/// them and outlives them (weights, buffers) is better not among it: lying between the steps' blocks, it would leave gaps that fit none
/// of them.
/// </summary>
internal static partial class HeapRetention
{
    private const string Library = "libc.so.6";

    // Settings of malloc.h, and glibc's own values.
    private const int TrimThreshold = -1;
    private const int MappingThreshold = -3;
    private const int Mappings = -4;
    private const int UsualThreshold = 128 << 10;
    private const int UsualMappings = 65_536;

    /// <summary>Before weights and buffers are made: large blocks get mappings of their own, and freed ones go back to the system.</summary>
    public static void Disable() =>
        Set((MappingThreshold, UsualThreshold), (Mappings, UsualMappings), (TrimThreshold, UsualThreshold));

    /// <summary>Before the first of many steps: large blocks come from the heap too, whose end is never given back.</summary>
    public static void Enable() => Set((Mappings, 0), (TrimThreshold, -1));

    /// <summary>Where the C library is glibc; elsewhere nothing changes.</summary>
    private static void Set(params ReadOnlySpan<(int Parameter, int Value)> settings)
    {
        var glibc = OperatingSystem.IsLinux() && NativeLibrary.TryLoad(Library, out var library)
            && NativeLibrary.TryGetExport(library, "mallopt", out _);
        if (!glibc)
            return;
        foreach (var (parameter, value) in settings)
            _ = MallOpt(parameter, value);
    }

    [LibraryImport(Library, EntryPoint = "mallopt")]
    private static partial int MallOpt(int parameter, int value);
}
