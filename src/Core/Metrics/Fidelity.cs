using System.Numerics.Tensors;
using OnnxKd.Core.Logits;

namespace OnnxKd.Core.Metrics;

/// <summary>How closely a model follows what it is compared with, and what saying always the same would give.</summary>
/// <param name="MostFrequent">Share of the class that the reference has most often, in which whoever always says it agrees.</param>
/// <param name="TopClasses">How many classes the reference puts first anywhere.</param>
/// <param name="OwnTopClasses">How many the model does.</param>
/// <param name="Kl">Mean KL divergence from the teacher's to the model's probabilities, in nats; <c>null</c> without a teacher.</param>
/// <param name="ConstantKl">The same of the best constant answer, the teacher's mean probabilities; <c>null</c> without a teacher.</param>
/// <param name="Rows">Of how many rows.</param>
internal sealed record Fidelity(double MostFrequent, int TopClasses, int OwnTopClasses, double? Kl, double? ConstantKl, long Rows);

/// <summary>Accumulates <see cref="Fidelity"/> batch by batch, in double precision.</summary>
/// <param name="classes">The number of classes.</param>
internal sealed class FidelityMeter(int classes)
{
    private readonly long[] referenceTops = new long[classes];
    private readonly long[] ownTops = new long[classes];
    private readonly double[] meanTeacher = new double[classes];
    private readonly double[] teacher = new double[classes];
    private readonly double[] own = new double[classes];
    private double divergence;
    private double negativeEntropy;
    private long compared;

    /// <summary>Adds a batch.</summary>
    /// <param name="logits">N × classes.</param>
    /// <param name="reference">N class indices that the reference puts first, labels or a teacher's; −1: not known.</param>
    /// <param name="teacherLogits">N × classes, or empty.</param>
    public void Add(ReadOnlySpan<float> logits, ReadOnlySpan<int> reference, ReadOnlySpan<float> teacherLogits)
    {
        for (var i = 0; i < reference.Length; i++)
        {
            var row = logits.Slice(i * classes, classes);
            ownTops[TensorPrimitives.IndexOfMax(row)]++;
            if (reference[i] >= 0)
                referenceTops[reference[i]]++;
            if (!teacherLogits.IsEmpty)
                Compare(row, teacherLogits.Slice(i * classes, classes));
        }
    }

    /// <summary>The figures so far; <c>null</c> if there was nothing to compare with.</summary>
    public Fidelity? Result()
    {
        if (referenceTops.Sum() is not (> 0 and var known))
            return null;
        double? constant = null;
        if (compared > 0)
        {
            constant = negativeEntropy / compared;
            foreach (var sum in meanTeacher.Where(sum => sum > 0))
                constant -= sum / compared * Math.Log(sum / compared);
        }

        return new(
            (double)referenceTops.Max() / known, referenceTops.Count(count => count > 0), ownTops.Count(count => count > 0),
            compared == 0 ? null : Math.Max(0, divergence / compared), constant is { } value ? Math.Max(0, value) : null, known);
    }

    private void Compare(ReadOnlySpan<float> row, ReadOnlySpan<float> teacherRow)
    {
        LogProbabilities(row, own);
        LogProbabilities(teacherRow, teacher);
        for (var c = 0; c < classes; c++)
        {
            var probability = Math.Exp(teacher[c]);
            if (probability == 0)
                continue; // 0 · log 0 = 0
            divergence += probability * (teacher[c] - own[c]);
            negativeEntropy += probability * teacher[c];
            meanTeacher[c] += probability;
        }

        compared++;
    }

    private static void LogProbabilities(ReadOnlySpan<float> logits, double[] results)
    {
        var normaliser = SoftmaxMath.LogSumExp(logits);
        for (var c = 0; c < results.Length; c++)
            results[c] = logits[c] - normaliser;
    }
}
