using System.Globalization;
using Microsoft.ML.OnnxRuntime;
using OnnxKd.Core.Errors;

namespace OnnxKd.TeacherRunner.Sessions;

/// <summary>A device that was tried and works: where ONNX Runtime sessions run.</summary>
/// <param name="Provider"><c>cpu</c> or <c>cuda</c>.</param>
/// <param name="Index">The GPU's number; 0 on the CPU.</param>
/// <param name="Note">Why <c>auto</c> did not choose CUDA; <c>null</c> when it did, or was not asked.</param>
internal sealed record ExecutionDevice(string Provider, int Index, string? Note = null)
{
    /// <summary>The provider of the processors.</summary>
    public const string Cpu = "cpu";

    private const string Cuda = "cuda";

    // Without VNNI, x64 processors add products of uint8 and int8 in pairs of 16 bits, which saturates. With this, int8 weights become uint8,
    // whose products are added in 32 bits. It changes no float. With VNNI it would give the same sums in twice the time.
    private const string ExactIntegers = "session.x64quantprecision";

    /// <summary>Whether results are copied to the host before they can be read.</summary>
    public bool IsCuda => Provider == Cuda;

    /// <summary>Turns what the user asked for into a device that works. CUDA that was asked for by name is never replaced by the CPU.</summary>
    public static ExecutionDevice Resolve(string requested)
    {
        if (requested == Cpu)
            return new(Cpu, 0);
        if (requested == "auto")
            return WhyNotCuda(0) is { } reason ? new(Cpu, 0, $"{reason.What} ({reason.Found})") : new(Cuda, 0);

        var index = ParseCudaIndex(requested);
        return WhyNotCuda(index) is { } refusal
            ? throw new InputException(
                refusal.What, $"device {requested}", refusal.Found, refusal.Expected, $"{refusal.Remedy}, or choose the device cpu")
            : new(Cuda, index);
    }

    /// <summary>Settings for a session on this device.</summary>
    public SessionOptions CreateSessionOptions(int threads)
    {
        var options = new SessionOptions
        {
            IntraOpNumThreads = threads,
            InterOpNumThreads = 1,
            // Errors arrive as exceptions; printing them as well would break up the progress display.
            LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL,
        };
        if (!ProcessorClass.HasVnni)
            options.AddSessionConfigEntry(ExactIntegers, "1");
        if (Provider == Cuda)
            AppendCuda(options, Index);
        return options;
    }

    /// <summary>The host memory that batches should lie in: page-locked where a GPU copies from it.</summary>
    public OrtMemoryInfo DescribeHostMemory() => Provider == Cuda
        ? new("CudaPinned", OrtAllocatorType.DeviceAllocator, Index, OrtMemType.CpuOutput)
        : new("Cpu", OrtAllocatorType.DeviceAllocator, 0, OrtMemType.Default);

    private static int ParseCudaIndex(string requested)
    {
        if (requested == Cuda)
            return 0;
        if (requested.StartsWith("cuda:", StringComparison.Ordinal)
            && int.TryParse(requested.AsSpan(5), NumberStyles.None, CultureInfo.InvariantCulture, out var index))
            return index;
        throw new InputException("The device is not known.", "device", $"'{requested}'", "auto, cpu, cuda or cuda:N (N from 0)");
    }

    private static void AppendCuda(SessionOptions options, int index)
    {
        using var cuda = new OrtCUDAProviderOptions();
        cuda.UpdateOptions(new()
        {
            ["device_id"] = index.ToString(CultureInfo.InvariantCulture),
            // Full float32, and algorithms chosen by rule instead of by timing: the same rows give the same bits after a resume.
            ["use_tf32"] = "0",
            ["cudnn_conv_algo_search"] = "HEURISTIC",
        });
        options.AppendExecutionProvider_CUDA(cuda);
    }

    // The only proof that CUDA works is a session on it: libraries, driver and device are each looked at no earlier.
    private static Refusal? WhyNotCuda(int index)
    {
        if (!OrtEnv.Instance().GetAvailableProviders().Contains("CUDAExecutionProvider"))
            return new(
                "CUDA is not available: OnnxKd was built for the CPU.",
                "the package Microsoft.ML.OnnxRuntime, which has no CUDA provider",
                "the package Microsoft.ML.OnnxRuntime.Gpu",
                "on a machine with an NVIDIA GPU build for CUDA (Accelerator=cuda ./onnxkd ..., or dotnet run -p:Accelerator=cuda ...)");
        try
        {
            using var options = new ExecutionDevice(Cuda, index).CreateSessionOptions(threads: 1);
            using var session = new InferenceSession(ProbeModel.Bytes, options);
            return null;
        }
        catch (OnnxRuntimeException e)
        {
            return new(
                "CUDA is not available: ONNX Runtime could not start it.", SessionFactory.Explain(e),
                "an NVIDIA GPU with its driver, and CUDA 13 (cudart, cublas, cublasLt, curand, cufft) and cuDNN 9 where the loader finds them",
                "install what 'found' names, or add its folder to LD_LIBRARY_PATH");
        }
    }

    private sealed record Refusal(string What, string Found, string Expected, string Remedy);
}
