using System.Runtime.Intrinsics.X86;
using TorchSharp;
using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Operators;

/// <summary>libtorch has few kernels for 16-bit floats on the CPU: such inputs are computed with in float32.</summary>
internal static class HalfPrecision
{
    /// <summary>Whether oneDNN multiplies bfloat16 on this processor; where it does not, libtorch is slow or refuses.</summary>
    public static readonly bool MultipliesBFloat16 = Avx512BW.VL.IsSupported && Avx512DQ.IsSupported;

    /// <summary>Wraps an operator; inputs of other types, and bfloat16 on a GPU, go straight to it.</summary>
    /// <param name="compile">The operator.</param>
    /// <param name="narrowed">How many outputs, from the first on, get the type of the first input; default: all floats.</param>
    /// <param name="hasBFloat16">
    /// Whether libtorch, on the CPU too, has a kernel for inputs of bfloat16 that rounds its results alone; default: it has not.
    /// </param>
    public static Func<NodeContext, Kernel> Widened(
        Func<NodeContext, Kernel> compile, int narrowed = int.MaxValue, Func<StepInputs, bool>? hasBFloat16 = null) => node =>
    {
        var kernel = compile(node);
        return x => IsWidened(x) ? Compute(kernel, x, narrowed) : kernel(x);

        bool IsWidened(StepInputs x) => x[0].dtype switch
        {
            ScalarType.Float16 => true,
            ScalarType.BFloat16 => x[0].device_type == DeviceType.CPU && hasBFloat16?.Invoke(x) != true,
            _ => false,
        };
    };

    private static Tensor[] Compute(Kernel kernel, StepInputs x, int narrowed)
    {
        var type = x[0].dtype;
        var inputs = new Tensor?[x.Count];
        for (var i = 0; i < inputs.Length; i++)
            inputs[i] = x.Optional(i) is { } input && IsHalf(input.dtype) ? input.to(float32) : x.Optional(i);
        var results = kernel(new(inputs, [.. inputs.Select((input, i) => input is null ? -1 : i)], x.Training));
        return [.. results.Select((result, i) => i < narrowed && result.dtype == ScalarType.Float32 ? result.to(type) : result)];
    }

    private static bool IsHalf(ScalarType type) => type is ScalarType.Float16 or ScalarType.BFloat16;
}
