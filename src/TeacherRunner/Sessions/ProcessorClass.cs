using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;

namespace OnnxKd.TeacherRunner.Sessions;

/// <summary>What of a processor decides how ONNX Runtime multiplies integers of 8 bits.</summary>
internal static class ProcessorClass
{
    /// <summary>The class, and that sessions ask for exact sums (see <see cref="ExecutionDevice.CreateSessionOptions"/>).</summary>
    public static string Integers { get; } = $"{Name} exact";

    private static string Name => RuntimeInformation.ProcessArchitecture != Architecture.X64
        ? RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant()
        : HasVnni ? "x64-vnni" : "x64";

    // AVX512-VNNI: leaf 7, ECX bit 11; AVX-VNNI: leaf 7.1, EAX bit 4.
    private static bool HasVnni =>
        X86Base.IsSupported && X86Base.CpuId(0, 0).Eax >= 7
        && ((X86Base.CpuId(7, 0).Ecx & (1 << 11)) != 0 || (X86Base.CpuId(7, 0).Eax >= 1 && (X86Base.CpuId(7, 1).Eax & (1 << 4)) != 0));
}
