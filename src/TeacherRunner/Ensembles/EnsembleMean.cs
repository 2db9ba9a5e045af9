using System.Numerics.Tensors;
using OnnxKd.Core.LogitCaches;
using OnnxKd.Core.Logits;
using OnnxKd.TeacherRunner.Logits;

namespace OnnxKd.TeacherRunner.Ensembles;

/// <summary>Combines the rows of several teachers into one, in double precision.</summary>
/// <param name="combination">The kind of mean.</param>
/// <param name="kind">What is combined: labels have a probability each; of values and embeddings there is one mean.</param>
/// <param name="weights">The teachers' shares; they sum to 1.</param>
/// <param name="classes">Values per row.</param>
internal sealed class EnsembleMean(Combination combination, StreamKind kind, double[] weights, int classes)
{
    // Two teachers that are both quite sure count alike.
    private const double SmallestEntropy = 1e-3;

    private readonly double[] mean = new double[classes];
    private readonly double[] offsets = new double[weights.Length];
    private readonly double[] shares = new double[weights.Length];

    /// <summary>Writes the weighted mean of the teachers' rows over the first teacher's rows.</summary>
    /// <param name="teachers">The logits of each teacher: rows × classes values.</param>
    public void CombineIntoFirst(Memory<float>[] teachers)
    {
        for (var start = 0; start < teachers[0].Length; start += classes)
        {
            if (combination == Combination.MeanOfLogits || kind is StreamKind.Value or StreamKind.Embedding)
                MeanOfLogits(teachers, start);
            else if (kind == StreamKind.LabelLogit)
                LogOddsOfMeanProbability(teachers, start);
            else
                LogOfMeanProbability(teachers, start);
            var destination = teachers[0].Span[start..];
            for (var c = 0; c < classes; c++)
                destination[c] = (float)mean[c];
        }
    }

    private void MeanOfLogits(Memory<float>[] teachers, int start)
    {
        Array.Clear(mean);
        for (var t = 0; t < teachers.Length; t++)
        {
            var row = teachers[t].Span.Slice(start, classes);
            for (var c = 0; c < classes; c++)
                mean[c] += weights[t] * row[c];
        }
    }

    // log Σₜ wₜ σ(vₜ) − log Σₜ wₜ σ(−vₜ): the odds of the mean, without a probability that could round to 1.
    private void LogOddsOfMeanProbability(Memory<float>[] teachers, int start)
    {
        for (var c = 0; c < classes; c++)
        {
            double holds = 0, fails = 0, highest = double.NegativeInfinity, lowest = double.PositiveInfinity;
            foreach (var teacher in teachers)
                (highest, lowest) = (Math.Max(highest, teacher.Span[start + c]), Math.Min(lowest, teacher.Span[start + c]));
            var (most, least) = (LogSigmoid(highest), LogSigmoid(-lowest));
            for (var t = 0; t < teachers.Length; t++)
            {
                double value = teachers[t].Span[start + c];
                holds += weights[t] * Math.Exp(LogSigmoid(value) - most);
                fails += weights[t] * Math.Exp(LogSigmoid(-value) - least);
            }

            mean[c] = most + Math.Log(holds) - least - Math.Log(fails);
        }

        static double LogSigmoid(double value) => value < 0 ? value - double.LogP1(Math.Exp(value)) : -double.LogP1(Math.Exp(-value));
    }

    // log Σₜ wₜ softmax(vₜ)[c] = logsumexpₜ(vₜ[c] + log wₜ − logsumexp(vₜ)): no probability is formed, so none can round to 0.
    private void LogOfMeanProbability(Memory<float>[] teachers, int start)
    {
        for (var t = 0; t < teachers.Length; t++)
            shares[t] = Share(weights[t], teachers[t].Span.Slice(start, classes));
        var total = shares.Sum();
        for (var t = 0; t < teachers.Length; t++)
            offsets[t] = Math.Log(shares[t] / total) - SoftmaxMath.LogSumExp(teachers[t].Span.Slice(start, classes));
        for (var c = 0; c < classes; c++)
        {
            var max = double.NegativeInfinity;
            for (var t = 0; t < teachers.Length; t++)
                max = Math.Max(max, teachers[t].Span[start + c] + offsets[t]);
            var sum = 0.0;
            for (var t = 0; t < teachers.Length; t++)
                sum += Math.Exp(teachers[t].Span[start + c] + offsets[t] - max);
            mean[c] = max + Math.Log(sum);
        }
    }

    /// <summary>What a teacher counts for in a row, before the shares are made to sum to 1.</summary>
    private double Share(double weight, ReadOnlySpan<float> row) => combination switch
    {
        Combination.ByConfidence => weight * Math.Exp(TensorPrimitives.Max(row) - SoftmaxMath.LogSumExp(row)),
        Combination.ByEntropy => weight / Math.Max(Entropy(row), SmallestEntropy),
        _ => weight,
    };

    private static double Entropy(ReadOnlySpan<float> row)
    {
        var (normaliser, sum) = (SoftmaxMath.LogSumExp(row), 0.0);
        foreach (var value in row)
            sum -= Math.Exp(value - normaliser) * (value - normaliser);
        return sum;
    }
}
