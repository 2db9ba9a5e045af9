using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;

namespace OnnxKd.TeacherRunner.Sessions;

/// <summary>What of a processor decides how ONNX Runtime multiplies integers of 8 bits.</summary>
internal static class ProcessorClass
{
    /// <summary>The class, and that sums are exact, by the processor or because sessions ask (see <see cref="ExecutionDevice.CreateSessionOptions"/>).</summary>
    public static string Integers => $"{Name} exact";

    /// <summary>Whether it adds products of uint8 and int8 in 32 bits.</summary>
    public static bool HasVnni => X86Base.IsSupported && X86Base.CpuId(0, 0).Eax >= 7 && (HasAvx512Vnni || HasAvxVnni);

    private static string Name => RuntimeInformation.ProcessArchitecture != Architecture.X64
        ? RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant()
        : HasVnni ? "x64-vnni" : "x64";

    // Leaf 7, ECX bit 11.
    private static bool HasAvx512Vnni => (X86Base.CpuId(7, 0).Ecx & (1 << 11)) != 0;

    // Leaf 7.1, EAX bit 4.
    private static bool HasAvxVnni => X86Base.CpuId(7, 0).Eax >= 1 && (X86Base.CpuId(7, 1).Eax & (1 << 4)) != 0;
}
