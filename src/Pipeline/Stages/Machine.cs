using System.Runtime.InteropServices;
using OnnxKd.Core.Text;

namespace OnnxKd.Pipeline.Stages;

/// <summary>What a stage runs on, for records: times say nothing without it. Neither names nor addresses of the machine.</summary>
internal static class Machine
{
    private const string LinuxProcessors = "/proc/cpuinfo";

    /// <summary>The processor's class, how many of them may be used, and the system: <c>AMD EPYC 7B13, 16 processors, Debian GNU/Linux 12 (X64)</c>.</summary>
    public static string Description { get; } = Printable.Escape(
        $"{Processor()}, {(Environment.ProcessorCount == 1 ? "1 processor" : $"{Environment.ProcessorCount} processors")}, {RuntimeInformation.OSDescription.Trim()} ({RuntimeInformation.OSArchitecture})");

    private static string Processor()
    {
        try
        {
            return File.ReadLines(LinuxProcessors).FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal))?.Split(':', 2)[^1].Trim() ?? Unnamed();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return Unnamed(); // another system
        }
    }

    private static string Unnamed() => Environment.GetEnvironmentVariable("PROCESSOR_IDENTIFIER") ?? $"{RuntimeInformation.ProcessArchitecture}";
}
