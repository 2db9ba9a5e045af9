using OnnxKd.StudentTrainer.Signals;
using OnnxKd.StudentTrainer.Terms;
using OnnxKd.StudentTrainer.Tests.Support;
using TorchSharp;

namespace OnnxKd.StudentTrainer.Tests.Signals;

/// <summary>
/// Rows of a student's and a teacher's logits, what is kept of the teacher's, and the soft loss of each form worked out in plain double
/// precision from its definition.
/// </summary>
internal sealed class Rows
{
    public Rows(int seed, int count, int classes, double temperature = 1, double spread = 5)
    {
        (Count, Classes, Temperature) = (count, classes, temperature);
        Student = Chunk(Numbers.Uniform(seed, count * classes, -spread, spread));
        Teacher = Chunk(Numbers.Uniform(seed + 1000, count * classes, -spread, spread));
        double[][] Chunk(float[] values) => [.. values.Select(value => (double)value).Chunk(classes)];
    }

    public int Count { get; }

    public int Classes { get; }

    public double Temperature { get; }

    public double[][] Student { get; }

    public double[][] Teacher { get; }

    public TargetScores Dense => new DenseScores(Matrix(Teacher));

    /// <summary>The k largest logits and the tail at <see cref="Temperature"/>, after that of another temperature.</summary>
    public TargetScores TopK(int k)
    {
        var kept = Teacher.Select(row => Largest(row, k)).ToArray();
        var tails = Teacher.Zip(kept, (row, ids) => new[] { double.NaN, Tail(row, ids) }).ToArray();
        return new TopKScores(
            torch.tensor(kept.SelectMany(ids => ids).Select(id => (long)id).ToArray(), [Count, k]),
            Matrix([.. Teacher.Zip(kept, (row, ids) => ids.Select(id => row[id]).ToArray())]),
            k == Classes ? null : Matrix(tails), [Temperature + 1, Temperature]);
    }

    /// <summary>Counts of draws from the softened teacher; each row has as many places as classes, used ones in any order.</summary>
    public TargetScores Sampled(Random random, int draws)
    {
        var counts = Teacher.Select(row => Draw(Softmax(row), random, draws)).ToArray();
        return new SampledScores(
            torch.tensor(counts.SelectMany(row => Enumerable.Range(0, row.Length)).Select(id => (long)id).ToArray(), [Count, Classes]),
            Matrix(counts), draws);
    }

    /// <summary>T² · mean over rows of Σ p log(p ÷ q), over the groups of classes: the kept ones alone, the others together.</summary>
    public double DivergenceByHand(int k) => Temperature * Temperature * Teacher.Zip(Student, (v, z) =>
    {
        var (p, q) = (Grouped(Softmax(v), Largest(v, k)), Grouped(Softmax(z), Largest(v, k)));
        return p.Zip(q, (own, other) => own == 0 ? 0 : own * Math.Log(own / other)).Sum();
    }).Average();

    /// <summary>
    /// Its gradient: T ÷ rows · (q − p) for a kept class; for a dropped one the tail's mass q − p, shared as the student shares it.
    /// </summary>
    public double[] GradientByHand(int k) => [.. Teacher.Zip(Student).SelectMany(row =>
    {
        var (p, q, kept) = (Softmax(row.First), Softmax(row.Second), Largest(row.First, k));
        var (p0, q0) = (Grouped(p, kept)[^1], Grouped(q, kept)[^1]);
        return Enumerable.Range(0, Classes)
            .Select(j => Temperature / Count * (q[j] - (kept.Contains(j) ? p[j] : p0 * q[j] / q0)));
    })];

    /// <summary>The soft loss and its gradient, as trained on.</summary>
    public (double Loss, double[] Gradient) SoftLoss(TargetScores targets, torch.ScalarType type = torch.ScalarType.Float64)
    {
        using var scope = torch.NewDisposeScope();
        var logits = Matrix(Student).to(type).requires_grad_(true);
        var loss = new SoftTerm { Temperature = Temperature }.Compute(logits, targets);
        loss.backward();
        return (loss.to(torch.float64).item<double>(), logits.grad!.to(torch.float64).data<double>().ToArray());
    }

    public static torch.Tensor Matrix(double[][] rows) =>
        torch.tensor(rows.SelectMany(row => row).ToArray(), [rows.Length, rows[0].Length]);

    public double[] Softmax(double[] logits)
    {
        var weights = Array.ConvertAll(logits, logit => Math.Exp((logit - logits.Max()) / Temperature));
        return Array.ConvertAll(weights, weight => weight / weights.Sum());
    }

    private double Tail(double[] row, int[] kept) =>
        Math.Log(row.Where((_, j) => !kept.Contains(j)).Sum(logit => Math.Exp(logit / Temperature)));

    private static double[] Grouped(double[] probabilities, int[] kept) =>
        [.. kept.Select(id => probabilities[id]), probabilities.Where((_, j) => !kept.Contains(j)).Sum()];

    private static int[] Largest(double[] row, int k) => [.. Enumerable.Range(0, row.Length).OrderByDescending(j => row[j]).Take(k)];

    private static double[] Draw(double[] probabilities, Random random, int draws)
    {
        var counts = new double[probabilities.Length];
        for (var draw = 0; draw < draws; draw++)
        {
            var (left, id) = (random.NextDouble(), 0);
            while (id < counts.Length - 1 && (left -= probabilities[id]) >= 0)
                id++;
            counts[id]++;
        }
        return counts;
    }
}
