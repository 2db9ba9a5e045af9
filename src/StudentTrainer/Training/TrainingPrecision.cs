using System.Runtime.InteropServices;
using OnnxKd.Core.Errors;
using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Training;

/// <summary>What a student computes with while it is trained; see <see cref="Operators.MixedPrecision"/>.</summary>
internal static class TrainingPrecision
{
    private const string BFloat16 = "bfloat16";

    /// <summary>Whether the precision that was asked for is mixed, on a device that has been found able.</summary>
    /// <exception cref="InputException">The device, or the libtorch for it, has no products in bfloat16.</exception>
    public static bool IsMixed(TrainingOptions options, Device device) => IsMixed(options, device, TryProducts);

    /// <summary>The same with another trial of the device.</summary>
    internal static bool IsMixed(TrainingOptions options, Device device, Action<Device> trial)
    {
        if (options.Precision != BFloat16)
            return false;
        try
        {
            trial(device);
            return true;
        }
        catch (ExternalException error)
        {
            throw new InputException(
                "The device cannot compute in bfloat16.",
                where: "training.precision",
                found: $"{device} with libtorch {__version__}: {error.Message}",
                expected: "a processor, or an NVIDIA GPU of compute capability 8.0 or above",
                remedy: "train with precision: float32",
                inner: error);
        }
    }

    /// <summary>A matrix product and a convolution, as the graph computes them, with gradients.</summary>
    private static void TryProducts(Device device)
    {
        if (device.type == TorchSharp.DeviceType.CPU)
            return; // where libtorch has no products in bfloat16 there, operators go through float32
        using var scope = NewDisposeScope();
        var matrix = ones([16, 16], bfloat16, device, requires_grad: true);
        var image = matrix.mm(matrix).reshape(1, 4, 8, 8);
        var kernel = ones([4, 4, 3, 3], bfloat16, device, requires_grad: true);
        nn.functional.conv2d(image, kernel).sum().backward();
    }
}
