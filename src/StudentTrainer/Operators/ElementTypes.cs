using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Operators;

/// <summary>What ONNX defines for some element types only, where libtorch would convert others in silence.</summary>
internal static class ElementTypes
{
    /// <summary>An operator whose first input holds floats; 16-bit ones are computed with in float32.</summary>
    public static Func<NodeContext, Kernel> OfFloats(Func<NodeContext, Kernel> compile) =>
        HalfPrecision.Widened(After(compile, static x => RequireFloats(x[0])));

    /// <summary>An operator whose inputs hold numbers, no truth values.</summary>
    public static Func<NodeContext, Kernel> OfNumbers(Func<NodeContext, Kernel> compile) => After(compile, static x =>
    {
        for (var i = 0; i < x.Count; i++)
        {
            if (x.Optional(i) is { } input)
                RequireNumbers(input);
        }
    });

    /// <summary>An operator whose first inputs hold truth values.</summary>
    public static Func<NodeContext, Kernel> OfBools(Func<NodeContext, Kernel> compile, int count) => After(compile, x =>
    {
        for (var i = 0; i < count; i++)
            Require(x[i], x[i].dtype == ScalarType.Bool, "truth values");
    });

    /// <summary>Refuses all but floats.</summary>
    /// <exception cref="ArgumentException">Says what was found.</exception>
    public static Tensor RequireFloats(Tensor input) => Require(input, input.is_floating_point(), "floats");

    /// <summary>Refuses all but integers.</summary>
    /// <exception cref="ArgumentException">Says what was found.</exception>
    public static Tensor RequireIntegers(Tensor input) => Require(input, input.is_integral() && input.dtype != ScalarType.Bool, "integers");

    /// <summary>Refuses truth values.</summary>
    /// <exception cref="ArgumentException">Says what was found.</exception>
    public static Tensor RequireNumbers(Tensor input) => Require(input, input.dtype != ScalarType.Bool, "numbers");

    private static Tensor Require(Tensor input, bool isRight, string what) =>
        isRight ? input : throw new ArgumentException($"an input must hold {what}, not {input.dtype}");

    private static Func<NodeContext, Kernel> After(Func<NodeContext, Kernel> compile, Action<StepInputs> check) => node =>
    {
        var kernel = compile(node);
        return x =>
        {
            check(x);
            return kernel(x);
        };
    };
}
