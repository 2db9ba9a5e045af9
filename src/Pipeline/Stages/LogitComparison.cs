using System.Globalization;
using System.Numerics.Tensors;
using OnnxKd.Core.Errors;
using OnnxKd.Pipeline.Reports;

namespace OnnxKd.Pipeline.Stages;

/// <summary>Compares logits of two runtimes and remembers the worst place.</summary>
/// <param name="classes">Values per row.</param>
/// <param name="positions">Rows per sample: 1, or its frames or pixels.</param>
/// <param name="counted">How many of a sample's rows count, from the first on; <c>null</c>: all.</param>
/// <param name="step">A step of quantisation, by which two logits may differ besides; 0: none.</param>
internal sealed class LogitComparison(int classes, int positions = 1, Func<long, int>? counted = null, double step = 0)
{
    // Two classes that are this much closer than the tolerance are a tie, which rounding decides: in 10,000 samples there is one now and then.
    private const double TiesPerTolerance = 20;

    private long samples;
    private long rows;
    private long agreed;
    private double largest;
    private double widestFlip;
    private (double Scaled, long Sample, int Position, int Class, float Trained, float Exported) worst;

    /// <summary>Adds the next samples.</summary>
    /// <param name="trained">samples × positions × classes values of the trainer's executor.</param>
    /// <param name="exported">As many values of ONNX Runtime.</param>
    public void Add(ReadOnlySpan<float> trained, ReadOnlySpan<float> exported)
    {
        for (var start = 0; start < trained.Length; start += positions * classes, samples++)
            for (var position = 0; position < (counted?.Invoke(samples) ?? positions); position++)
                AddRow(position, trained.Slice(start + position * classes, classes), exported.Slice(start + position * classes, classes));
    }

    /// <summary>The figures, if they pass.</summary>
    /// <param name="model">The exported student.</param>
    /// <param name="tolerance">
    /// The largest difference that passes; in a row whose largest logit is above 1, times that: rounding grows with what is rounded.
    /// </param>
    /// <exception cref="CheckFailedException">They do not.</exception>
    public ParityMetrics Result(string model, double tolerance)
    {
        // Among the many positions of a set there are always some whose two best classes are closer than rounding.
        if (worst.Scaled <= tolerance && (widestFlip <= tolerance / TiesPerTolerance || positions > 1))
            return new(largest, (double)agreed / rows, samples, step > 0 ? step : null);
        var position = positions > 1 ? $", position {worst.Position}" : "";
        throw new CheckFailedException(
            "The exported student does not give what the trained one gave.",
            model,
            string.Create(
                CultureInfo.InvariantCulture,
                $"sample {worst.Sample}{position}, class {worst.Class}: {worst.Exported} in ONNX Runtime, {worst.Trained} in libtorch " +
                $"(difference {Math.Abs((double)worst.Trained - worst.Exported):g3}); {rows - agreed} of {rows} top classes differ"),
            string.Create(CultureInfo.InvariantCulture, $"a difference of at most {tolerance:g1} (times the largest logit of the row)")
                + (step > 0 ? string.Create(CultureInfo.InvariantCulture, $" beyond one step of quantisation ({step:g3})") : "")
                + " and the same top class on every sample but for ties",
            "do not ship this file; train again, and report a defect if it happens twice");
    }

    private void AddRow(int position, ReadOnlySpan<float> trained, ReadOnlySpan<float> exported)
    {
        var size = Math.Max(1, (double)TensorPrimitives.MaxMagnitude(exported));
        for (var c = 0; c < classes; c++)
        {
            var difference = Math.Abs((double)trained[c] - exported[c]);
            largest = Math.Max(largest, difference);
            // NaN is worse than any number: written this way round it is kept, and nothing replaces it.
            var beyond = difference <= step ? 0 : difference - step; // NaN stays
            if (!(beyond / size <= worst.Scaled) && !double.IsNaN(worst.Scaled))
                worst = (beyond / size, samples, position, c, trained[c], exported[c]);
        }
        var (top, other) = (TensorPrimitives.IndexOfMax(trained), TensorPrimitives.IndexOfMax(exported));
        agreed += top == other ? 1 : 0;
        if (top != other)
            widestFlip = Math.Max(widestFlip, (trained[top] - (double)trained[other] - 2 * step) / size);
        rows++;
    }
}
