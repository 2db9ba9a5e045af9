using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Operators;

/// <summary>Operators that ONNX defines for some element types only, where libtorch would convert others in silence.</summary>
internal static class ElementTypes
{
    /// <summary>An operator whose first input holds floats; 16-bit ones are computed with in float32.</summary>
    public static Func<NodeContext, Kernel> OfFloats(Func<NodeContext, Kernel> compile, Func<StepInputs, bool>? hasBFloat16 = null) =>
        HalfPrecision.Widened(Requiring(compile, 1, static x => x.is_floating_point(), "floats"), hasBFloat16: hasBFloat16);

    /// <summary>An operator whose first inputs hold truth values.</summary>
    public static Func<NodeContext, Kernel> OfBools(Func<NodeContext, Kernel> compile, int count) =>
        Requiring(compile, count, static x => x.dtype == ScalarType.Bool, "truth values");

    /// <summary>An operator whose first inputs hold numbers.</summary>
    public static Func<NodeContext, Kernel> OfNumbers(Func<NodeContext, Kernel> compile, int count) =>
        Requiring(compile, count, static x => x.dtype != ScalarType.Bool, "numbers");

    private static Func<NodeContext, Kernel> Requiring(
        Func<NodeContext, Kernel> compile, int count, Func<Tensor, bool> isRight, string what) => node =>
    {
        var kernel = compile(node);
        return x =>
        {
            for (var i = 0; i < count; i++)
            {
                if (!isRight(x[i]))
                    throw new ArgumentException($"input {i} must hold {what}, not {x[i].dtype}");
            }
            return kernel(x);
        };
    };
}
