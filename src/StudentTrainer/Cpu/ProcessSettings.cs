using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Cpu;

/// <summary>
/// What holds for libtorch in the whole process: how its idle threads wait, how many there are, and how glibc treats the memory that each
/// training step frees and asks for again. Where the C library has no such setting, nothing changes.
/// </summary>
internal static partial class ProcessSettings
{
    private const string WaitPolicy = "OMP_WAIT_POLICY";
    private const string SpinCount = "GOMP_SPINCOUNT";

    /// <summary>Less than a tenth of a millisecond: it spans the gaps between two loops of a step, and costs little on a busy machine.</summary>
    private const string ShortSpin = "3000";

    // Settings of malloc.h.
    private const int TrimThreshold = -1;
    private const int Mappings = -4;

    /// <summary>
    /// Lets idle OpenMP threads sleep, unless the user has chosen. By default they spin for milliseconds, and as soon as another process
    /// wants a core too, every loop waits for threads that are not running. OpenMP looks when it is loaded, so this runs before any code
    /// of this assembly does.
    /// </summary>
    [ModuleInitializer]
    [SuppressMessage("Usage", "CA2255", Justification = "Nothing else surely comes before the first use of libtorch.")]
    internal static void LetIdleThreadsSleep()
    {
        if ((Environment.GetEnvironmentVariable(WaitPolicy) ?? Environment.GetEnvironmentVariable(SpinCount)) is not null)
            return;
        Set(WaitPolicy, "passive");
        Set(SpinCount, ShortSpin);
    }

    /// <summary>Limits oneDNN's instructions where it is wrong with more, unless the user has chosen. oneDNN looks at its first use.</summary>
    [ModuleInitializer]
    [SuppressMessage("Usage", "CA2255", Justification = "Nothing else surely comes before the first use of libtorch.")]
    internal static void LimitInstructions()
    {
        if (Convolutions.NeedLimit && Environment.GetEnvironmentVariable(Convolutions.Limit) is null)
            Set(Convolutions.Limit, Convolutions.Safe);
    }

    /// <summary>
    /// Sets the number of threads, and keeps freed memory in the process: gradients and activations are freed and asked for again in each
    /// step, and glibc would hand them back to the system and fault them in anew every time.
    /// </summary>
    /// <param name="threads">Threads; <c>null</c>: one per processor.</param>
    public static void Apply(int? threads)
    {
        set_num_threads(threads ?? Environment.ProcessorCount);
        if (!Has("mallopt"))
            return;
        _ = MallOpt(Mappings, 0);
        _ = MallOpt(TrimThreshold, -1);
    }

    private static void Set(string name, string value)
    {
        Environment.SetEnvironmentVariable(name, value);
        if (Has("setenv"))
            SetEnv(name, value, 0); // what .NET set is a copy that native code does not see
    }

    private static bool Has(string entry) =>
        !OperatingSystem.IsWindows() && NativeLibrary.TryLoad("libc", typeof(ProcessSettings).Assembly, null, out var library)
        && NativeLibrary.TryGetExport(library, entry, out _);

    [LibraryImport("libc", EntryPoint = "setenv", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int SetEnv(string name, string value, int overwrite);

    [LibraryImport("libc", EntryPoint = "mallopt")]
    private static partial int MallOpt(int parameter, int value);
}
