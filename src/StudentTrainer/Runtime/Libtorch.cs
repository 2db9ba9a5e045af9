using System.Globalization;
using System.Runtime.InteropServices;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Limits;
using TorchSharp;

namespace OnnxKd.StudentTrainer.Runtime;

/// <summary>The native library that students are computed with.</summary>
internal static class Libtorch
{
    /// <summary>Whether it was built for CUDA. Needs <see cref="Load"/>.</summary>
    public static bool HasCuda { get; } = NativeLibrary.TryLoad(
        OperatingSystem.IsWindows() ? "torch_cuda.dll" : "libtorch_cuda.so", typeof(torch).Assembly, searchPath: null, out _);

    /// <summary>Loads it, so that what goes wrong is one clear error.</summary>
    /// <exception cref="MachineException">It cannot be loaded.</exception>
    public static void Load()
    {
        try
        {
            // Before TorchSharp does it: what fails there is an error of the type's initialisation, and a long trace on stdout.
            NativeLibrary.Load("LibTorchSharp", typeof(torch).Assembly, searchPath: null);
            Quieten();
        }
        catch (Exception error) when (error is DllNotFoundException or BadImageFormatException)
        {
            throw Failure(error, ProcessLimit.AddressSpace);
        }
    }

    /// <summary>Why it cannot be loaded.</summary>
    /// <param name="error">What the loader says.</param>
    /// <param name="addressSpace">How many bytes of addresses the process may have; <c>null</c>: as many as there are.</param>
    internal static MachineException Failure(Exception error, long? addressSpace) =>
        addressSpace is { } most && (error.Message.Contains("failed to map", StringComparison.Ordinal) || error.Message.Contains("allocate memory", StringComparison.OrdinalIgnoreCase))
            ? new(
                "libtorch cannot be loaded: the process may have too little address space.", "ulimit -v", string.Create(CultureInfo.InvariantCulture, $"{most >> 20:#,0} MiB"), "no limit: libraries and memory that is reserved take more than is used",
                "raise it (ulimit -v unlimited), and limit memory otherwise, by a control group or --memory-limit", error)
            : new(
                "libtorch cannot be loaded.", AppContext.BaseDirectory, Reason(error.Message),
                "TorchSharp's libraries beside the program, and a C++ runtime that is new enough for them",
                "build again on this machine; if that does not help, install what 'found' names, or use a newer system, such as Debian 12", error);

    /// <summary>
    /// Its warnings are about itself (a processor that NNPACK does not support, which changes nothing), and nobody can act on them here: only its errors are written.
    /// Whoever wants them sets libtorch's own variable.
    /// </summary>
    private static void Quieten()
    {
        const int errors = 2;
        var library = OperatingSystem.IsWindows() ? "c10.dll" : "libc10.so";
        if (Environment.GetEnvironmentVariable("TORCH_CPP_LOG_LEVEL") is null && NativeLibrary.TryLoad(library, typeof(torch).Assembly, searchPath: null, out var c10)
            && NativeLibrary.TryGetExport(c10, "FLAGS_caffe2_log_level", out var level))
            Marshal.WriteInt32(level, errors);
    }

    /// <summary>Of all that the loader tried, the first line with a reason other than that the file is not there.</summary>
    private static string Reason(string message)
    {
        var lines = message.Split('\n').Select(line => line.Trim()).Where(line => line.Length > 0).ToArray();
        return lines.FirstOrDefault(line => line.Contains("version `", StringComparison.Ordinal))
            ?? lines.FirstOrDefault(line => line.Contains(".so", StringComparison.Ordinal) && !line.Contains("LibTorchSharp.so: cannot open", StringComparison.Ordinal))
            ?? lines.FirstOrDefault(line => line.Contains("cannot open", StringComparison.Ordinal))
            ?? lines[0];
    }
}
