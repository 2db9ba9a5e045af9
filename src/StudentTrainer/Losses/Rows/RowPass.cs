using System.Buffers;
using OnnxKd.StudentTrainer.Operators;
using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Losses.Rows;

/// <summary>
/// Computes terms row by row: all terms of a row while it is in the processor's cache, rows side by side on as many threads as libtorch
/// has. The results do not depend on the number of threads: each row's are kept, and added up in order.
/// </summary>
internal static class RowPass
{
    /// <summary>Below this a thread costs more than it brings.</summary>
    private const int ValuesPerThread = 1 << 12;

    /// <summary>A row costs as much as so many values more.</summary>
    private const int ValuesPerRow = 64;

    /// <summary>Whether it can be done: float32 on the CPU, of a size that a span can have.</summary>
    public static bool Fits(Tensor logits) => HostMemory.HoldsFloats(logits);

    /// <summary>Computes the weighted sum of terms.</summary>
    /// <param name="logits">The student's, rows × classes.</param>
    /// <param name="terms">The terms.</param>
    /// <param name="weights">One for each.</param>
    /// <returns>The gradient of the sum with respect to the logits, and the value of each term, unweighted.</returns>
    public static (Tensor Gradient, double[] Values) Run(Tensor logits, RowLoss[] terms, double[] weights)
    {
        using var _ = no_grad();
        var rows = (int)logits.shape[0];
        var gradient = empty(logits.shape, float32, CPU);
        var (student, slopes) = (new NativeRows<float>(logits.contiguous()), new NativeRows<float>(gradient));
        var values = ArrayPool<double>.Shared.Rent(rows * terms.Length);
        var parts = (int)Math.Clamp((logits.numel() + (long)rows * ValuesPerRow) / ValuesPerThread, 1, get_num_threads());
        HostThreads.Run(parts, Rows);

        var means = new double[terms.Length];
        for (var i = 0; i < rows * terms.Length; i++)
            means[i % terms.Length] += values[i] / rows;
        ArrayPool<double>.Shared.Return(values);
        return (gradient, means);

        void Rows(int part)
        {
            var scratch = ArrayPool<float>.Shared.Rent(terms.Max(term => term.ScratchLength(student.Length)));
            for (var row = (int)((long)rows * part / parts); row < (int)((long)rows * (part + 1) / parts); row++)
            {
                slopes[row].Clear();
                for (var term = 0; term < terms.Length; term++)
                    values[row * terms.Length + term] = terms[term].Add(row, student[row], weights[term] / rows, slopes[row], scratch);
            }
            ArrayPool<float>.Shared.Return(scratch);
        }
    }
}
