using System.Globalization;
using OnnxKd.Core.Errors;
using OnnxKd.StudentTrainer.Cpu;
using TorchSharp;
using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Runtime;

/// <summary>Where libtorch computes.</summary>
internal static class ComputeDevice
{
    /// <summary>Chooses the device and readies libtorch for it.</summary>
    /// <param name="name"><c>auto</c> (CUDA if there is any, else the CPU), <c>cpu</c>, <c>cuda</c> or <c>cuda:N</c>.</param>
    /// <param name="threads">Threads on the CPU; <c>null</c>: one per processor (libtorch itself may start with one).</param>
    /// <exception cref="InputException">No such device, or CUDA is asked for where there is none.</exception>
    /// <exception cref="MachineException">libtorch cannot be loaded, or its convolutions are wrong on this processor.</exception>
    public static Device Open(string name, int? threads = null)
    {
        Libtorch.Load();
        ProcessSettings.Apply(threads);
        Convolutions.RequireRight();

        // Rounding factors to 10 bits would break the agreement with ONNX Runtime that exported students are checked for.
        backends.cuda.matmul.allow_tf32 = false;
        backends.cudnn.allow_tf32 = false;
        return name switch
        {
            "cpu" => CPU,
            "auto" => cuda.is_available() ? device("cuda:0") : CPU,
            "cuda" => Cuda(name, 0),
            ['c', 'u', 'd', 'a', ':', .. var digits] when int.TryParse(digits, NumberStyles.None, null, out var index) => Cuda(name, index),
            _ => throw new InputException("The device is not known.", "device", name, "auto, cpu, cuda or cuda:N"),
        };
    }

    /// <summary>Whether libtorch computes on all processors, so that whatever else needs one takes it from libtorch.</summary>
    public static bool HasAllProcessors(Device device) => device.type == DeviceType.CPU && get_num_threads() >= Environment.ProcessorCount;

    private static Device Cuda(string name, int index)
    {
        var count = cuda.is_available() ? cuda.device_count() : 0;
        return index < count ? device($"cuda:{index}") : throw new InputException(
            count == 0 && !Libtorch.HasCuda ? "CUDA is not available: OnnxKd was built for the CPU." : "The CUDA device that was asked for is not there.",
            where: $"device {name}",
            found: count > 0 ? $"CUDA devices 0 to {count - 1}"
                : Libtorch.HasCuda ? $"libtorch {__version__} sees no CUDA device"
                : $"libtorch {__version__} for the CPU",
            expected: count > 0 ? name : Libtorch.HasCuda ? "an NVIDIA GPU with its driver" : "the package TorchSharp-cuda-linux",
            remedy: Libtorch.HasCuda
                ? "choose a device that is there, or the device cpu"
                : "on a machine with an NVIDIA GPU build for CUDA (Accelerator=cuda ./onnxkd ..., or dotnet run -p:Accelerator=cuda ...), or choose the device cpu");
    }
}
