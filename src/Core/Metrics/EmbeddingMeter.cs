using System.Numerics.Tensors;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Logits;
using OnnxKd.Core.TransferSets;

namespace OnnxKd.Core.Metrics;

/// <summary>How close embeddings are to a teacher's, and what is found by them.</summary>
/// <param name="Cosine">Mean cosine of the angle between the two; <c>null</c>: there is no teacher.</param>
/// <param name="NeighbourRecall">
/// Share of the samples (the first ones, where there are many) whose nearest other sample, by cosine, is the teacher's; <c>null</c>: it was not
/// measured.
/// </param>
/// <param name="Retrieval">
/// Recall@1: share of the samples (the first ones, where there are many) whose nearest other sample, by cosine, has their label, of those whose label another
/// sample has too; where groups are known, only samples of other groups count as others; <c>null</c>: there are none.
/// </param>
internal sealed record EmbeddingMetrics(double? Cosine, double? NeighbourRecall, double? Retrieval)
{
    /// <summary>The mean cosine of the best constant answer, the mean of the teacher's embeddings, each of length 1; <c>null</c>: there are too few samples.</summary>
    public double? ConstantCosine { get; init; }

    /// <summary>The samples whose nearest other sample is the teacher's; by chance about one is.</summary>
    public int NeighboursFound { get; init; }
}

/// <summary>Accumulates <see cref="EmbeddingMetrics"/> batch by batch.</summary>
/// <param name="columns">Numbers of an embedding.</param>
/// <param name="neighbours">Whether neighbours are looked for.</param>
internal sealed class EmbeddingMeter(int columns, bool neighbours)
{
    private const int MostNeighbours = 2000;

    // To fewer a constant answer can be fitted that says nothing of others.
    private const int FewestSamples = 10;

    private readonly List<float[]> own = [];
    private readonly List<float[]> taught = [];
    private readonly List<int> known = [];
    private readonly List<int> origins = [];
    private readonly double[] mean = new double[columns];
    private double cosines;
    private long rows;
    private bool isTaught;

    /// <summary>Adds a batch.</summary>
    /// <param name="embeddings">N × columns.</param>
    /// <param name="labels">The label of each sample, −1 where it is not known; or empty.</param>
    /// <param name="teacher">N × columns; or empty.</param>
    /// <param name="groups">The group of each sample; or empty: each is one of its own.</param>
    /// <exception cref="CheckFailedException">A number is NaN or infinite.</exception>
    public void Add(ReadOnlySpan<float> embeddings, ReadOnlySpan<int> labels, ReadOnlySpan<float> teacher, ReadOnlySpan<int> groups = default)
    {
        isTaught = !teacher.IsEmpty;
        for (var (start, row) = (0, 0); start < embeddings.Length; start += columns, row++, rows++)
        {
            var a = embeddings.Slice(start, columns);
            if (!Distributions.AllFinite(a))
                throw new CheckFailedException("An embedding of the model is not finite.", $"sample {rows} of those measured");
            var isKept = neighbours && own.Count < MostNeighbours;
            if (isKept)
            {
                own.Add(Unit(a));
                known.Add(labels.IsEmpty ? SampleLabels.Unknown : labels[row]);
                if (!groups.IsEmpty)
                    origins.Add(groups[row]);
            }
            if (!isTaught)
                continue;
            var b = teacher.Slice(start, columns);
            cosines += Cosine(a, b);
            var length = (double)TensorPrimitives.Norm(b);
            for (var c = 0; c < columns && length > 0; c++)
                mean[c] += b[c] / length;
            if (isKept)
                taught.Add(Unit(b));
        }
    }

    /// <summary>The figures so far.</summary>
    /// <exception cref="InvalidOperationException">Nothing was added.</exception>
    public EmbeddingMetrics Result()
    {
        if (rows == 0)
            throw new InvalidOperationException("No sample was measured.");
        var nearest = own.Count > 2 ? Nearest(own) : null;
        var found = nearest is null || !isTaught ? (int?)null : nearest.Zip(Nearest(taught)).Count(pair => pair.First == pair.Second);
        return new(isTaught ? cosines / rows : null, (double?)found / own.Count, nearest is null ? null : Retrieved(nearest))
        {
            NeighboursFound = found ?? 0,
            ConstantCosine = !isTaught || rows < FewestSamples ? null : Math.Sqrt(mean.Sum(sum => sum * sum)) / rows,
        };
    }

    private double? Retrieved(int[] nearest)
    {
        var asked = Enumerable.Range(0, own.Count).Where(i => known[i] >= 0 && FromElsewhere(i).Any(j => known[j] == known[i])).ToArray();
        return asked.Length == 0 ? null : (double)asked.Count(i => known[origins.Count == 0 ? nearest[i] : Nearest(own, i, FromElsewhere(i))] == known[i]) / asked.Length;
    }

    private IEnumerable<int> Others(int sample) => Enumerable.Range(0, own.Count).Where(other => other != sample);

    private IEnumerable<int> FromElsewhere(int sample) => origins.Count == 0 ? Others(sample) : Others(sample).Where(other => origins[other] != origins[sample]);

    private int[] Nearest(List<float[]> units) => [.. Enumerable.Range(0, units.Count).Select(sample => Nearest(units, sample, Others(sample)))];

    private static int Nearest(List<float[]> units, int sample, IEnumerable<int> others) => others.MaxBy(other => TensorPrimitives.Dot<float>(units[sample], units[other]));

    private static float[] Unit(ReadOnlySpan<float> embedding)
    {
        var unit = embedding.ToArray();
        if (TensorPrimitives.Norm(embedding) is > 0 and var length)
            TensorPrimitives.Divide(unit, length, unit);
        return unit;
    }

    // A vector of length 0 has no direction: it is like no other.
    private static double Cosine(ReadOnlySpan<float> a, ReadOnlySpan<float> b) =>
        TensorPrimitives.CosineSimilarity(a, b) is var cosine && float.IsNaN(cosine) ? 0 : cosine;
}
