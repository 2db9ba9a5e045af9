using System.Numerics.Tensors;
using OnnxKd.Core.Logits;

namespace OnnxKd.Core.Specialists;

/// <summary>The covariance of a model's class probabilities over samples: classes that are often predicted together have similar columns.</summary>
/// <param name="classes">The number of classes.</param>
/// <param name="temperature">Logits are divided by it first: of a model that is sure, only softened probabilities say what it confuses.</param>
internal sealed class PredictionCovariance(int classes, double temperature = 1)
{
    private readonly double[] sums = new double[classes];
    private readonly double[] products = new double[classes * classes];
    private long rows;

    /// <summary>Adds samples.</summary>
    /// <param name="logits">N × classes.</param>
    /// <exception cref="ArgumentException">The length does not fit.</exception>
    public void Add(ReadOnlySpan<float> logits)
    {
        if (logits.Length % classes != 0)
            throw new ArgumentException($"{logits.Length} logits do not fit {classes} classes.", nameof(logits));
        var (softened, probabilities) = (new float[classes], new double[classes]);
        for (var start = 0; start < logits.Length; start += classes, rows++)
        {
            var row = logits.Slice(start, classes);
            for (var c = 0; c < classes; c++)
                softened[c] = (float)(row[c] / temperature);
            var normaliser = SoftmaxMath.LogSumExp(softened);
            for (var c = 0; c < classes; c++)
                probabilities[c] = Math.Exp(softened[c] - normaliser);
            TensorPrimitives.Add(sums, probabilities, sums);
            for (var c = 0; c < classes; c++)
                if (probabilities[c] > 0)
                    TensorPrimitives.MultiplyAdd(probabilities, probabilities[c], products.AsSpan(c * classes, classes), products.AsSpan(c * classes, classes));
        }
    }

    /// <summary>The columns, each divided by its length: what counts is with which other classes a class goes, not how often it occurs.</summary>
    /// <exception cref="InvalidOperationException">Nothing was added.</exception>
    public double[][] Directions()
    {
        if (rows == 0)
            throw new InvalidOperationException("There are no predictions.");
        var columns = new double[classes][];
        for (var c = 0; c < classes; c++)
        {
            var column = columns[c] = new double[classes];
            for (var other = 0; other < classes; other++)
                column[other] = products[c * classes + other] / rows - sums[c] / rows * (sums[other] / rows);
            var length = TensorPrimitives.Norm<double>(column);
            if (length > 0)
                TensorPrimitives.Divide(column, length, column);
        }
        return columns;
    }
}
