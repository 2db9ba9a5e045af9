using System.Globalization;
using System.Numerics.Tensors;
using OnnxKd.Core.Errors;
using OnnxKd.Pipeline.Reports;

namespace OnnxKd.Pipeline.Stages;

/// <summary>Compares logits of two runtimes and remembers the worst place.</summary>
/// <param name="classes">Values per row.</param>
internal sealed class LogitComparison(int classes)
{
    private long samples;
    private long agreed;
    private (double Difference, long Sample, int Class, float Trained, float Exported) worst;

    /// <summary>Adds the next rows.</summary>
    /// <param name="trained">rows × classes values of the trainer's executor.</param>
    /// <param name="exported">rows × classes values of ONNX Runtime.</param>
    public void Add(ReadOnlySpan<float> trained, ReadOnlySpan<float> exported)
    {
        for (var start = 0; start < trained.Length; start += classes, samples++)
        {
            var a = trained.Slice(start, classes);
            var b = exported.Slice(start, classes);
            for (var c = 0; c < classes; c++)
            {
                var difference = Math.Abs((double)a[c] - b[c]);
                // NaN is worse than any number: written this way round it is kept, and nothing replaces it.
                if (!(difference <= worst.Difference) && !double.IsNaN(worst.Difference))
                    worst = (difference, samples, c, a[c], b[c]);
            }
            agreed += TensorPrimitives.IndexOfMax(a) == TensorPrimitives.IndexOfMax(b) ? 1 : 0;
        }
    }

    /// <summary>The figures, if they pass.</summary>
    /// <exception cref="CheckFailedException">They do not.</exception>
    public ParityMetrics Result(string model, double tolerance)
    {
        if (worst.Difference <= tolerance && agreed == samples)
            return new(worst.Difference, (double)agreed / samples, samples);
        throw new CheckFailedException(
            "The exported student does not give what the trained one gave.",
            model,
            string.Create(
                CultureInfo.InvariantCulture,
                $"sample {worst.Sample}, class {worst.Class}: {worst.Exported} in ONNX Runtime, {worst.Trained} in libtorch " +
                $"(difference {worst.Difference:g3}); {samples - agreed} of {samples} top classes differ"),
            string.Create(CultureInfo.InvariantCulture, $"a difference of at most {tolerance:g1} and the same top class on every sample"),
            "do not ship this file; train again, and report a defect if it happens twice");
    }
}
