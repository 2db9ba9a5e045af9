using TorchSharp;
using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Operators;

/// <summary>On the CPU libtorch lacks many float16 kernels.</summary>
internal static class HalfPrecision
{
    /// <summary>Computes in float32 where the first input is float16 and on the CPU, and rounds the float results back.</summary>
    public static Kernel Widen(Kernel kernel) =>
        x => x[0] is { dtype: ScalarType.Float16, device_type: DeviceType.CPU }
            ? Array.ConvertAll(kernel(Convert(x)), result => result.dtype == ScalarType.Float32 ? result.to(ScalarType.Float16) : result)
            : kernel(x);

    private static StepInputs Convert(StepInputs x)
    {
        var inputs = new Tensor?[x.Count];
        var indices = new int[x.Count];
        for (var i = 0; i < x.Count; i++)
        {
            inputs[i] = x.Optional(i) is { } input && input.dtype == ScalarType.Float16 ? input.to(ScalarType.Float32) : x.Optional(i);
            indices[i] = inputs[i] is null ? -1 : i;
        }
        return new(inputs, indices, x.Training);
    }
}
