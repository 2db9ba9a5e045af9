using System.Numerics.Tensors;
using OnnxKd.Core.LogitCaches;
using OnnxKd.Core.Logits;

namespace OnnxKd.TeacherRunner.Ensembles;

/// <summary>Combines the rows of several teachers into one, in double precision. Thread-safe.</summary>
/// <param name="combination">The kind of mean.</param>
/// <param name="kind">What is combined: labels have a probability each; of values and embeddings there is one mean.</param>
/// <param name="weights">The teachers' shares; they sum to 1.</param>
/// <param name="columns">Which values of a teacher's row stand for the same.</param>
internal sealed class EnsembleMean(Combination combination, StreamKind kind, double[] weights, CombinedColumns columns)
{
    // Two teachers that are both quite sure count alike.
    private const double SmallestEntropy = 1e-3;

    /// <summary>Writes the weighted mean of the teachers' rows.</summary>
    /// <param name="teachers">What each teacher gave, row after row.</param>
    /// <param name="combined">Rows × columns; it may be the memory of the first teacher, if that has all columns.</param>
    public void Combine(IReadOnlyList<Memory<float>> teachers, Memory<float> combined)
    {
        var row = new Row(new double[columns.Count], new double[weights.Length], new double[weights.Length]);
        for (var i = 0; i < combined.Length / columns.Count; i++)
        {
            if (kind is StreamKind.Value or StreamKind.Embedding)
                MeanOfValues(teachers, i, row);
            else if (kind == StreamKind.LabelLogit)
                LogOddsOfMeanProbability(teachers, i, row);
            else if (combination != Combination.MeanOfLogits)
                LogOfMeanProbability(teachers, i, row);
            else if (columns.AreShared)
                MeanOfValues(teachers, i, row);
            else
                MeanOfLogProbabilities(teachers, i, row);
            var destination = combined.Span[(i * columns.Count)..];
            for (var c = 0; c < columns.Count; c++)
                destination[c] = (float)row.Mean[c];
        }
    }

    private void MeanOfValues(IReadOnlyList<Memory<float>> teachers, int i, Row row)
    {
        Array.Clear(row.Mean);
        for (var t = 0; t < teachers.Count; t++)
        {
            var values = columns.RowOf(t, teachers[t], i);
            for (var c = 0; c < columns.Count; c++)
                row.Mean[c] += weights[t] * values[c];
        }
    }

    // Of teachers that do not have the same classes, the logits may have any constants beside them; their log-probabilities have none.
    private void MeanOfLogProbabilities(IReadOnlyList<Memory<float>> teachers, int i, Row row)
    {
        for (var t = 0; t < teachers.Count; t++)
            row.Offsets[t] = -SoftmaxMath.LogSumExp(columns.RowOf(t, teachers[t], i));
        for (var c = 0; c < columns.Count; c++)
        {
            double sum = 0, share = 0;
            foreach (var (t, at) in columns.Having(c))
                (sum, share) = (sum + weights[t] * (columns.RowOf(t, teachers[t], i)[at] + row.Offsets[t]), share + weights[t]);
            row.Mean[c] = sum / share;
        }

        row.Normalise();
    }

    // log Σₜ wₜ σ(vₜ) − log Σₜ wₜ σ(−vₜ): the odds of the mean, without a probability that could round to 1.
    private void LogOddsOfMeanProbability(IReadOnlyList<Memory<float>> teachers, int i, Row row)
    {
        var start = i * columns.Count;
        for (var c = 0; c < columns.Count; c++)
        {
            double holds = 0, fails = 0, highest = double.NegativeInfinity, lowest = double.PositiveInfinity;
            foreach (var teacher in teachers)
                (highest, lowest) = (Math.Max(highest, teacher.Span[start + c]), Math.Min(lowest, teacher.Span[start + c]));
            var (most, least) = (SoftmaxMath.LogSigmoid(highest), SoftmaxMath.LogSigmoid(-lowest));
            for (var t = 0; t < teachers.Count; t++)
            {
                double value = teachers[t].Span[start + c];
                holds += weights[t] * Math.Exp(SoftmaxMath.LogSigmoid(value) - most);
                fails += weights[t] * Math.Exp(SoftmaxMath.LogSigmoid(-value) - least);
            }

            row.Mean[c] = most + Math.Log(holds) - least - Math.Log(fails);
        }
    }

    // log Σₜ wₜ softmax(vₜ)[c] = logsumexpₜ(vₜ[c] + log wₜ − logsumexp(vₜ)): no probability is formed, so none can round to 0. A class that some
    // teachers lack has the mean of those that have it, by their shares before the sample was seen.
    private void LogOfMeanProbability(IReadOnlyList<Memory<float>> teachers, int i, Row row)
    {
        for (var t = 0; t < teachers.Count; t++)
            row.Shares[t] = Share(weights[t], columns.RowOf(t, teachers[t], i));
        var total = row.Shares.Sum();
        for (var t = 0; t < teachers.Count; t++)
            row.Offsets[t] = Math.Log(row.Shares[t] / total) - SoftmaxMath.LogSumExp(columns.RowOf(t, teachers[t], i));
        for (var c = 0; c < columns.Count; c++)
        {
            double max = double.NegativeInfinity, sum = 0, share = 0;
            foreach (var (t, at) in columns.Having(c))
                max = Math.Max(max, columns.RowOf(t, teachers[t], i)[at] + row.Offsets[t]);
            foreach (var (t, at) in columns.Having(c))
                (sum, share) = (sum + Math.Exp(columns.RowOf(t, teachers[t], i)[at] + row.Offsets[t] - max), share + weights[t]);
            row.Mean[c] = columns.AreShared ? max + Math.Log(sum) : max + Math.Log(sum / share);
        }

        if (!columns.AreShared)
            row.Normalise();
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

    /// <summary>A row in the making.</summary>
    /// <param name="Mean">The result.</param>
    /// <param name="Offsets">What is added to each teacher's logits.</param>
    /// <param name="Shares">What each teacher counts for.</param>
    private sealed record Row(double[] Mean, double[] Offsets, double[] Shares)
    {
        /// <summary>Makes the probabilities sum to 1.</summary>
        public void Normalise()
        {
            var normaliser = SoftmaxMath.LogSumExp(Mean);
            for (var c = 0; c < Mean.Length; c++)
                Mean[c] -= normaliser;
        }
    }
}
