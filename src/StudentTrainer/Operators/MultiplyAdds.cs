namespace OnnxKd.StudentTrainer.Operators;

/// <summary>Multiplications with an addition of the operators that do most of a network's work.</summary>
internal static class MultiplyAdds
{
    /// <summary>Each output is a sum over a kernel's inputs: [M, C ÷ groups, kernel].</summary>
    public static long Conv(long[][] inputs, long[] output) => Product(output) * Product(inputs[1]) / Math.Max(1, inputs[1][0]);

    /// <summary>Each input enters a kernel's outputs: [C, M ÷ groups, kernel].</summary>
    public static long ConvTranspose(long[][] inputs, long[] output) => Product(inputs[0]) * Product(inputs[1]) / Math.Max(1, inputs[1][0]);

    /// <summary>Rows × columns × what both share.</summary>
    public static long Gemm(long[][] inputs, long[] output) => Product(output) * Product(inputs[0]) / Math.Max(1, output[0]);

    /// <summary>The last axis of the first operand is summed over.</summary>
    public static long MatMul(long[][] inputs, long[] output) => Product(output) * inputs[0][^1];

    /// <summary>All weights, for each step of each sequence: X is [T, N, features] (or [N, T, features]).</summary>
    public static long Recurrent(long[][] inputs, long[] output) => inputs[0][0] * inputs[0][1] * (Product(inputs[1]) + Product(inputs[2]));

    private static long Product(long[] shape) => shape.Aggregate(1L, (product, size) => product * size);
}
