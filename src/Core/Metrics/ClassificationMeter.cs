using OnnxKd.Core.Errors;

namespace OnnxKd.Core.Metrics;

/// <summary>Accumulates <see cref="ClassificationMetrics"/> batch by batch, in double precision.</summary>
/// <remarks>
/// Calibration error: Guo et al., "On calibration of modern neural networks", ICML 2017, equation 3, with 15 bins
/// ((b − 1)/15, b/15] of the largest probability.
/// </remarks>
internal sealed class ClassificationMeter(int classes)
{
    private const int Bins = 15;

    private readonly double[] confidence = new double[Bins];
    private readonly long[] correct = new long[Bins];
    private readonly long[] counted = new long[Bins];
    private long rows;
    private long samples;
    private long errors;
    private double negativeLogLikelihood;
    private long compared;
    private long agreed;

    /// <summary>The number of classes.</summary>
    public int Classes => classes;

    /// <summary>The bins of the calibration error that hold a sample, least probable first.</summary>
    public IReadOnlyList<ReliabilityBin> Reliability =>
    [
        .. Enumerable.Range(0, Bins).Where(bin => counted[bin] > 0)
            .Select(bin => new ReliabilityBin(counted[bin], confidence[bin] / counted[bin], (double)correct[bin] / counted[bin])),
    ];

    /// <summary>Adds a batch.</summary>
    /// <param name="logits">N × classes.</param>
    /// <param name="labels">N class indices; −1 where the class is not known: such a row counts in agreement alone.</param>
    /// <param name="teacherLogits">N × classes, or empty.</param>
    /// <exception cref="ArgumentException">The lengths do not fit, or a label is out of range.</exception>
    /// <exception cref="CheckFailedException">A logit is NaN or infinite.</exception>
    public void Add(ReadOnlySpan<float> logits, ReadOnlySpan<int> labels, ReadOnlySpan<float> teacherLogits = default)
    {
        var values = (long)labels.Length * classes;
        if (logits.Length != values || !(teacherLogits.IsEmpty || teacherLogits.Length == values))
            throw new ArgumentException(
                $"{logits.Length} logits and {teacherLogits.Length} of a teacher do not fit {labels.Length} labels of {classes} classes.");
        for (var i = 0; i < labels.Length; i++)
        {
            var row = logits.Slice(i * classes, classes);
            var top = ArgMax(row, "model");
            rows++;
            if (labels[i] != -1)
                AddRow(row, labels[i], top);
            if (teacherLogits.IsEmpty)
                continue;
            compared++;
            agreed += ArgMax(teacherLogits.Slice(i * classes, classes), "teacher") == top ? 1 : 0;
        }
    }

    /// <summary>The figures so far.</summary>
    /// <exception cref="InvalidOperationException">Nothing was added, or only some batches came with a teacher.</exception>
    public ClassificationMetrics Result()
    {
        if (samples == 0)
            throw new InvalidOperationException("No sample was measured.");
        if (compared != 0 && compared != rows)
            throw new InvalidOperationException($"Only {compared} of {rows} samples came with the teacher's logits.");
        double gap = 0;
        for (var bin = 0; bin < Bins; bin++)
            gap += Math.Abs(correct[bin] - confidence[bin]);
        return new(
            samples,
            errors,
            Accuracy: 1 - (double)errors / samples,
            Nll: negativeLogLikelihood / samples,
            Ece: gap / samples,
            Agreement: compared == 0 ? null : (double)agreed / compared);
    }

    private void AddRow(ReadOnlySpan<float> row, int label, int top)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(label);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(label, classes);
        double sum = 0;
        foreach (var logit in row)
            sum += Math.Exp((double)logit - row[top]);

        // −log p(label) = log Σ exp(z − max) − (z(label) − max), and the largest probability is 1 ÷ Σ exp(z − max).
        negativeLogLikelihood += Math.Log(sum) - ((double)row[label] - row[top]);
        var bin = (int)Math.Ceiling(Bins / sum) - 1;
        confidence[bin] += 1 / sum;
        correct[bin] += top == label ? 1 : 0;
        counted[bin]++;
        errors += top == label ? 0 : 1;
        samples++;
    }

    private int ArgMax(ReadOnlySpan<float> row, string whose)
    {
        var top = 0;
        for (var i = 0; i < row.Length; i++)
        {
            if (!float.IsFinite(row[i]))
                throw new CheckFailedException(
                    $"A logit of the {whose} is not a finite number.",
                    where: $"sample {rows} of those measured, class {i}",
                    found: $"{row[i]}",
                    remedy: "look for NaN in the weights, or for an overflow in the model");
            if (row[i] > row[top])
                top = i;
        }
        return top;
    }
}
