using OnnxKd.StudentTrainer.Operators;
using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Conformance;

/// <summary>Compares what a model gives with what it must give, as ONNX's own runner does.</summary>
internal static class TensorComparison
{
    // ONNX's runner allows these; they are set for models of many layers, and for results in float32.
    private const double Relative = 1e-3;
    private const double Absolute = 1e-7;

    /// <summary>What differs; <c>null</c> if nothing does.</summary>
    public static string? Difference(Tensor expected, Tensor actual)
    {
        if (actual.dtype != expected.dtype)
            return $"type {actual.dtype}, not {expected.dtype}";
        if (!actual.shape.SequenceEqual(expected.shape))
            return $"shape [{string.Join(", ", actual.shape)}], not [{string.Join(", ", expected.shape)}]";
        var (found, wanted) = (Values(actual), Values(expected));
        var worst = -1;
        var worstExcess = 0.0;
        for (var i = 0; i < wanted.Length; i++)
        {
            // An infinity equals itself, and an expected NaN is met by NaN alone.
            if (found[i].Equals(wanted[i]))
                continue;
            var excess = Math.Abs(found[i] - wanted[i]) - (Absolute + Relative * Math.Abs(wanted[i]));
            if (excess <= worstExcess)
                continue;
            (worst, worstExcess) = (i, double.IsNaN(excess) ? double.PositiveInfinity : excess);
        }
        return worst < 0 ? null : $"element {worst} is {found[worst]}, not {wanted[worst]}";
    }

    private static double[] Values(Tensor tensor) => tensor.detach().to(float64).contiguous().Values<double>();
}
