using OnnxKd.Core.Errors;
using OnnxKd.Core.Logits;

namespace OnnxKd.Core.Metrics;

/// <summary>How well independent labels were decided: a label holds where its logit is above 0.</summary>
/// <param name="Decisions">Decisions measured: rows × labels.</param>
/// <param name="Errors">Decisions that differ from the known label; <c>null</c>: no label is known.</param>
/// <param name="Accuracy">1 − errors ÷ known labels; <c>null</c>: no label is known.</param>
/// <param name="Nll">Mean binary cross-entropy of the known labels, in nats; <c>null</c>: none is known.</param>
/// <param name="F1">
/// Mean over labels of 2 TP ÷ (2 TP + FP + FN), against the known labels, or without any against the teacher's decisions; labels that neither
/// side ever decides for do not count; <c>null</c>: nothing to compare with.
/// </param>
/// <param name="Agreement">Share of decisions that equal the teacher's; <c>null</c>: no teacher.</param>
internal sealed record LabelMetrics(long Decisions, long? Errors, double? Accuracy, double? Nll, double? F1, double? Agreement)
{
    /// <summary>The accuracy of whoever always decides for each label as it most often is; <c>null</c>: no label is known.</summary>
    public double? Majority { get; init; }

    /// <summary>The agreement of whoever always decides for each label as the teacher most often does; <c>null</c>: no teacher.</summary>
    public double? ConstantAgreement { get; init; }

    /// <summary>Whether each label is decided in the same way for all rows, although what it is compared with is not.</summary>
    public bool IsConstant { get; init; }

    /// <summary>Whether what it is compared with decides each label in the same way for all rows.</summary>
    public bool DecidesAlike { get; init; }

    /// <summary>Mean KL divergence from the teacher's to the model's probabilities of a label, in nats; <c>null</c>: no teacher.</summary>
    public double? Kl { get; init; }

    /// <summary>The same of the best constant answer, the teacher's mean probability of each label; <c>null</c>: no teacher.</summary>
    public double? ConstantKl { get; init; }

    /// <summary>How many labels there are.</summary>
    public int Labels { get; init; }

    /// <summary>Labels of which the model knows no more than how often the teacher decides for them, as far as the rows show.</summary>
    public IReadOnlyList<int> Unlearned { get; init; } = [];
}

/// <summary>Accumulates <see cref="LabelMetrics"/> batch by batch.</summary>
/// <param name="columns">Labels.</param>
internal sealed class LabelMeter(int columns)
{
    // Of fewer decisions against what is usual nothing can be said.
    private const int FewestRare = 10;

    private readonly Counts[] known = new Counts[columns];
    private readonly Counts[] taught = new Counts[columns];
    private long rows;
    private long errors;
    private long labelled;
    private readonly double[] meanTeacher = new double[columns];
    private long compared;
    private long agreed;
    private double loss;
    private readonly double[] divergence = new double[columns];
    private readonly double[] negativeEntropy = new double[columns];

    /// <summary>Adds a batch.</summary>
    /// <param name="logits">N × labels.</param>
    /// <param name="labels">N × labels, 0 or 1, −1 where it is not known; or empty.</param>
    /// <param name="teacherLogits">N × labels, or empty.</param>
    /// <exception cref="CheckFailedException">A logit is NaN or infinite.</exception>
    public void Add(ReadOnlySpan<float> logits, ReadOnlySpan<int> labels, ReadOnlySpan<float> teacherLogits)
    {
        for (var i = 0; i < logits.Length; i++)
        {
            var (c, holds) = (i % columns, logits[i] > 0);
            if (!float.IsFinite(logits[i]))
                throw new CheckFailedException("A logit of the model is not a finite number.", $"sample {rows + i / columns} of those measured, label {c}", $"{logits[i]}");
            if (!labels.IsEmpty && labels[i] >= 0)
            {
                var truth = labels[i] > 0;
                known[c].Add(holds, truth);
                labelled++;
                errors += holds == truth ? 0 : 1;
                var towards = truth ? -(double)logits[i] : logits[i];
                loss += Math.Max(towards, 0) + double.LogP1(Math.Exp(-Math.Abs(towards)));
            }
            if (teacherLogits.IsEmpty)
                continue;
            taught[c].Add(holds, teacherLogits[i] > 0);
            compared++;
            agreed += holds == teacherLogits[i] > 0 ? 1 : 0;
            Compare(c, teacherLogits[i], logits[i]);
        }
        rows += logits.Length / columns;
    }

    /// <summary>The figures so far.</summary>
    public LabelMetrics Result() => new(
        rows * columns,
        labelled > 0 ? errors : null,
        labelled > 0 ? 1 - (double)errors / labelled : null,
        labelled > 0 ? loss / labelled : null,
        MeanF1(labelled > 0 ? known : taught),
        compared > 0 ? (double)agreed / compared : null)
    {
        Labels = columns,
        Majority = MostFrequent(known),
        ConstantAgreement = MostFrequent(taught),
        DecidesAlike = !Reference.Any(IsVaried),
        IsConstant = Reference.Any(IsVaried) && Reference.All(count => count.Found == 0 || count.Found == count.Rows),
        Kl = compared > 0 ? Math.Max(0, divergence.Sum() / compared) : null,
        ConstantKl = compared > 0 ? Math.Max(0, Enumerable.Range(0, columns).Sum(ConstantDivergence) / compared) : null,
        Unlearned = compared > 0 ? [.. Enumerable.Range(0, columns).Where(IsUnlearned)] : [],
    };

    /// <summary>The sum over rows of KL(σ(t) ‖ mean σ(t)).</summary>
    private double ConstantDivergence(int label) => negativeEntropy[label] + rows * Entropy(meanTeacher[label] / rows);

    private bool IsUnlearned(int label)
    {
        var count = taught[label];
        var rare = Math.Min(count.True, count.Rows - count.True);
        return rare >= FewestRare && !(divergence[label] < Chance.Closer * ConstantDivergence(label))
            && Chance.MayBe(1 - (double)rare / count.Rows, 1 - (double)count.Others / count.Rows, count.Rows);
    }

    private static double? MostFrequent(Counts[] counts) =>
        counts.Sum(count => count.Rows) is > 0 and var all ? (double)counts.Sum(count => Math.Max(count.True, count.Rows - count.True)) / all : null;

    private static bool IsVaried(Counts count) => count.True > 0 && count.True < count.Rows;

    private Counts[] Reference => compared > 0 ? taught : known;

    /// <summary>KL(σ(t) ‖ σ(z)) of one label.</summary>
    private void Compare(int label, double teacher, double own)
    {
        var probability = SoftmaxMath.Sigmoid(teacher);
        meanTeacher[label] += probability;
        negativeEntropy[label] -= Entropy(probability);
        divergence[label] += probability * (SoftmaxMath.LogSigmoid(teacher) - SoftmaxMath.LogSigmoid(own)) + (1 - probability) * (SoftmaxMath.LogSigmoid(-teacher) - SoftmaxMath.LogSigmoid(-own));
    }

    private static double Entropy(double p) => p is <= 0 or >= 1 ? 0 : -p * Math.Log(p) - (1 - p) * Math.Log(1 - p);

    private static double? MeanF1(Counts[] counts)
    {
        var measured = counts.Where(count => count.Hits + count.Others > 0).ToList();
        return measured.Count > 0 ? measured.Average(count => 2.0 * count.Hits / (2.0 * count.Hits + count.Others)) : null;
    }

    private struct Counts
    {
        public long Hits;
        public long Others;
        public long Rows;
        public long True;
        public long Found;

        public void Add(bool found, bool truth)
        {
            Rows++;
            True += truth ? 1 : 0;
            Found += found ? 1 : 0;
            Hits += found && truth ? 1 : 0;
            Others += found != truth ? 1 : 0;
        }
    }
}
