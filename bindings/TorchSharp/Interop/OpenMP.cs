using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace TorchSharp;

/// <summary>
/// Lets idle OpenMP threads sleep. By default they spin for milliseconds, and as soon as another process wants a core too, every
/// parallel loop waits for threads that are not running: a training step on two busy cores took ten times as long. GNU's OpenMP is told to
/// spin for less than a tenth of a millisecond, the time between two loops of a step: that spares most wake-ups and costs little on a busy machine.
/// </summary>
internal static partial class OpenMP
{
    private const string WaitPolicy = "OMP_WAIT_POLICY";
    private const string SpinCount = "GOMP_SPINCOUNT";
    private const string ShortSpin = "3000";

    /// <summary>OpenMP reads its settings when it is loaded, so this runs before libtorch is.</summary>
    [ModuleInitializer]
    [SuppressMessage("Usage", "CA2255", Justification = "Nothing else comes before the library is loaded.")]
    internal static void LetIdleThreadsSleep()
    {
        var chosen = Environment.GetEnvironmentVariable(WaitPolicy) ?? Environment.GetEnvironmentVariable(SpinCount);
        if (chosen is not null || OperatingSystem.IsWindows())
            return;
        setenv(WaitPolicy, "passive", 0); // .NET's own environment is a copy that native code does not see
        setenv(SpinCount, ShortSpin, 0);
    }

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int setenv(string name, string value, int overwrite);
}
