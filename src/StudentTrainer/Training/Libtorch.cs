using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using OnnxKd.Core.Errors;
using TorchSharp;

namespace OnnxKd.StudentTrainer.Training;

/// <summary>The native library that students are computed with.</summary>
internal static class Libtorch
{
    /// <summary>Whether it was built for CUDA. Needs <see cref="Load"/>.</summary>
    public static bool HasCuda { get; } = NativeLibrary.TryLoad(
        OperatingSystem.IsWindows() ? "torch_cuda.dll" : "libtorch_cuda.so", typeof(torch).Assembly, searchPath: null, out _);

    /// <summary>Loads it, so that what goes wrong is one clear error and not whatever was called first.</summary>
    /// <exception cref="MachineException">It cannot be loaded.</exception>
    public static void Load()
    {
        try
        {
            // TorchSharp loads it when 'torch' is first touched. What fails there is reported as an error of the initialisation.
            RuntimeHelpers.RunClassConstructor(typeof(torch).TypeHandle);
            _ = torch.get_num_threads();
        }
        catch (Exception error) when (error is TypeInitializationException or DllNotFoundException or EntryPointNotFoundException or BadImageFormatException)
        {
            throw new MachineException(
                "libtorch cannot be loaded.", AppContext.BaseDirectory, Reason(error), "TorchSharp's native libraries beside the program, and a libstdc++ that is new enough for them",
                "build again on this machine (a build made elsewhere may need a newer system); where 'found' names a library, install it", error);
        }
    }

    /// <summary>What the loader said: of TorchSharp's trace, and of what the loader tried, the lines that name a reason.</summary>
    private static string Reason(Exception error)
    {
        while (error is TypeInitializationException { InnerException: { } inner })
            error = inner;
        var lines = error.Message.Split('\n').Select(line => line.Trim()).Where(line => line.Length > 0).Distinct().ToArray();
        var told = lines.Where(line => line.Contains("cannot open shared object", StringComparison.Ordinal) || line.Contains("version `", StringComparison.Ordinal)).ToArray();
        return (told.Length > 0 ? told : lines)[0];
    }
}
