using System.Numerics.Tensors;
using OnnxKd.Core.Errors;

namespace OnnxKd.Core.Metrics;

/// <summary>How close embeddings are to a teacher's.</summary>
/// <param name="Cosine">Mean cosine of the angle between the two.</param>
/// <param name="NeighbourRecall">
/// Share of the samples (the first ones, where there are many) whose nearest other sample, by cosine, is the teacher's; <c>null</c>: it was not
/// measured.
/// </param>
internal sealed record EmbeddingMetrics(double Cosine, double? NeighbourRecall)
{
    /// <summary>The mean cosine of the best constant answer, the mean of the teacher's embeddings, each of length 1; <c>null</c>: there are too few samples.</summary>
    public double? ConstantCosine { get; init; }
}

/// <summary>Accumulates <see cref="EmbeddingMetrics"/> batch by batch.</summary>
/// <param name="columns">Numbers of an embedding.</param>
/// <param name="neighbours">Whether neighbours are compared.</param>
internal sealed class EmbeddingMeter(int columns, bool neighbours)
{
    private const int MostNeighbours = 2000;

    // To fewer a constant answer can be fitted that says nothing of others.
    private const int FewestSamples = 10;

    private readonly List<float[]> own = [];
    private readonly List<float[]> taught = [];
    private readonly double[] mean = new double[columns];
    private double cosines;
    private long rows;

    /// <summary>Adds a batch.</summary>
    /// <param name="embeddings">N × columns.</param>
    /// <param name="teacher">N × columns.</param>
    /// <exception cref="CheckFailedException">A number is NaN or infinite.</exception>
    public void Add(ReadOnlySpan<float> embeddings, ReadOnlySpan<float> teacher)
    {
        for (var start = 0; start < embeddings.Length; start += columns, rows++)
        {
            var a = embeddings.Slice(start, columns);
            var b = teacher.Slice(start, columns);
            if (!float.IsFinite(TensorPrimitives.Sum(a)))
                throw new CheckFailedException("An embedding of the model is not finite.", $"sample {rows} of those measured");
            cosines += Cosine(a, b);
            var length = (double)TensorPrimitives.Norm(b);
            for (var c = 0; c < columns && length > 0; c++)
                mean[c] += b[c] / length;
            if (!neighbours || own.Count == MostNeighbours)
                continue;
            own.Add(a.ToArray());
            taught.Add(b.ToArray());
        }
    }

    /// <summary>The figures so far.</summary>
    /// <exception cref="InvalidOperationException">Nothing was added.</exception>
    public EmbeddingMetrics Result() => rows == 0
        ? throw new InvalidOperationException("No sample was measured.")
        : new(cosines / rows, own.Count > 2 ? Recall() : null) { ConstantCosine = rows < FewestSamples ? null : Math.Sqrt(mean.Sum(sum => sum * sum)) / rows };

    private double Recall()
    {
        var (mine, theirs) = (Nearest(own), Nearest(taught));
        return (double)mine.Zip(theirs).Count(pair => pair.First == pair.Second) / mine.Length;
    }

    private static int[] Nearest(List<float[]> embeddings) =>
    [
        .. embeddings.Select((embedding, i) => Enumerable.Range(0, embeddings.Count).Where(j => j != i)
            .MaxBy(j => Cosine(embedding, embeddings[j]))),
    ];

    // A vector of length 0 has no direction: it is like no other.
    private static double Cosine(ReadOnlySpan<float> a, ReadOnlySpan<float> b) =>
        TensorPrimitives.CosineSimilarity(a, b) is var cosine && float.IsNaN(cosine) ? 0 : cosine;
}
