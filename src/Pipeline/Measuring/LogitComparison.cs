using System.Globalization;
using System.Numerics.Tensors;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Logits;

namespace OnnxKd.Pipeline.Measuring;

/// <summary>Compares logits of two runtimes and remembers the worst place.</summary>
/// <param name="classes">Values per row.</param>
/// <param name="positions">Rows per sample: 1, or its frames or pixels.</param>
/// <param name="counts">Whether a position of a sample counts; <c>null</c>: all do.</param>
/// <param name="allowance">What rounding to codes may change a logit by besides; 0: nothing.</param>
/// <param name="kind">What is compared.</param>
/// <param name="wereProbabilities">Whether logits of labels were made of the probabilities that both give.</param>
internal sealed class LogitComparison(
    int classes, int positions = 1, Func<long, int, bool>? counts = null, double allowance = 0, OutputKind kind = OutputKind.Classes, bool wereProbabilities = false)
{
    // Two classes that are this much closer than the tolerance are a tie, which rounding decides: in 10,000 samples there is one now and then.
    private const double TiesPerTolerance = 20;

    // A column that is nearly nothing beside the others, or beside one, is what rounding leaves of numbers of their order.
    private const double LeastColumn = 0.1;

    private long samples;
    private long rows;
    private long agreed;
    private double largest;
    private readonly double[] sizes = new double[classes]; // of the largest value in each column
    private readonly (double Scaled, long Sample, int Position, int Class, float Trained, float Exported)[] columns = new (double, long, int, int, float, float)[classes];
    private double widestFlip;
    private (double Scaled, long Sample, int Position, int Class, float Trained, float Exported) worst;

    /// <summary>Adds the next samples.</summary>
    /// <param name="trained">samples × positions × classes values of the trainer's executor.</param>
    /// <param name="exported">As many values of ONNX Runtime.</param>
    public void Add(ReadOnlySpan<float> trained, ReadOnlySpan<float> exported)
    {
        for (var start = 0; start < trained.Length; start += positions * classes, samples++)
            for (var position = 0; position < positions; position++)
                if (counts?.Invoke(samples, position) != false)
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
        var worst = IsDeciding ? this.worst : columns.FirstOrDefault(column => !(column.Scaled <= tolerance * UnitOf(column.Class)));
        if (IsDeciding ? worst.Scaled <= tolerance && (widestFlip <= tolerance / TiesPerTolerance || positions > 1) : columns.All(column => column.Scaled <= tolerance * UnitOf(column.Class)))
            return new(
                largest, IsDeciding ? (double)agreed / (rows * Decisions) : null, samples, allowance > 0 ? allowance : null,
                kind == OutputKind.Classes ? null : kind);
        var position = positions > 1 ? $", position {worst.Position}" : "";
        throw new CheckFailedException(
            "The exported student does not give what the trained one gave.",
            model,
            string.Create(
                CultureInfo.InvariantCulture,
                $"sample {worst.Sample}{position}, {Column} {worst.Class}: {worst.Exported} in ONNX Runtime, {worst.Trained} in libtorch " +
                $"(difference {Math.Abs((double)worst.Trained - worst.Exported):g3})") + (kind switch
            {
                OutputKind.Classes => $"; {rows - agreed} of {rows} top classes differ",
                OutputKind.Labels or OutputKind.Detector => $"; {rows * Decisions - agreed} of {rows * Decisions} decisions differ",
                _ => "",
            }),
            string.Create(
                CultureInfo.InvariantCulture,
                $"a difference of at most {tolerance:g1} (times the largest {(IsDeciding ? "logit of the row" : kind == OutputKind.Values ? "value of the column" : "value")})")
                + (allowance > 0 ? string.Create(CultureInfo.InvariantCulture, $" beyond a step of quantisation for each rounding ({allowance:g3} in all)") : "")
                + (IsDeciding ? $" and the same {(kind == OutputKind.Classes ? "top class" : "decision")} on every sample but for ties" : ""),
            "do not ship this file; train again, and report a defect if it happens twice");
    }

    /// <summary>What a column is measured by: values have units of their own, and an embedding's columns are of one size.</summary>
    private double UnitOf(int column) => kind == OutputKind.Values ? Math.Max(sizes[column], LeastColumn * Math.Min(1, sizes.Max())) : sizes.Max();

    private bool IsDeciding => kind is OutputKind.Classes or OutputKind.Labels or OutputKind.Detector;

    private int Decisions => kind switch { OutputKind.Labels => classes, OutputKind.Detector => classes - DetectorForm.BoxColumns, _ => 1 };

    private string Column => kind switch { OutputKind.Classes => "class", OutputKind.Labels => "label", _ => "column" };

    private void AddRow(int position, ReadOnlySpan<float> trained, ReadOnlySpan<float> exported)
    {
        // A detector's scores, and labels that are given as probabilities, are compared as those, which is what applications see of them: log-odds near 0 and 1 magnify rounding.
        var scores = kind == OutputKind.Detector ? DetectorForm.BoxColumns : kind == OutputKind.Labels && wereProbabilities ? 0 : classes;
        var magnitude = scores == 0 ? 0 : Math.Abs((double)TensorPrimitives.MaxMagnitude(exported[..scores]));
        var unit = IsDeciding ? Math.Max(1, magnitude) : 1;
        for (var c = 0; c < classes; c++)
        {
            var (own, other) = c < scores ? ((double)trained[c], (double)exported[c]) : (SoftmaxMath.Sigmoid(trained[c]), SoftmaxMath.Sigmoid(exported[c]));
            var difference = Math.Abs(own - other);
            largest = Math.Max(largest, difference);
            // NaN is worse than any number: written this way round it is kept, and nothing replaces it.
            var beyond = difference <= allowance ? 0 : difference - allowance; // NaN stays
            var scaled = c < scores ? beyond / unit : beyond;
            sizes[c] = Math.Max(sizes[c], Math.Abs(other));
            if (!(scaled <= worst.Scaled) && !double.IsNaN(worst.Scaled))
                worst = (scaled, samples, position, c, trained[c], exported[c]);
            if (rows == 0 || !(scaled <= columns[c].Scaled) && !double.IsNaN(columns[c].Scaled))
                columns[c] = (scaled, samples, position, c, trained[c], exported[c]);
        }
        rows++;
        for (var c = scores; c < classes; c++)
            Decide(trained[c] > 0, exported[c] > 0, Math.Abs(SoftmaxMath.Sigmoid(trained[c]) - 0.5), 1);
        if (kind == OutputKind.Labels)
            for (var c = 0; c < scores; c++)
                Decide(trained[c] > 0, exported[c] > 0, Math.Abs((double)trained[c]), unit);
        if (kind != OutputKind.Classes)
            return;
        var (top, second) = (TensorPrimitives.IndexOfMax(trained), TensorPrimitives.IndexOfMax(exported));
        Decide(top, second, trained[top] - (double)trained[second], unit);
    }

    private void Decide<T>(T own, T other, double margin, double unit)
        where T : IEquatable<T>
    {
        if (own.Equals(other))
            agreed++;
        else
            widestFlip = Math.Max(widestFlip, (margin - 2 * allowance) / unit);
    }
}
