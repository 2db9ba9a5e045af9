using OnnxKd.Core.Logits;

namespace OnnxKd.Core.Metrics;

/// <summary>The figures of a model whose output is no classes.</summary>
/// <param name="Labels">Of independent labels; <c>null</c>: another kind.</param>
/// <param name="Values">Of values; <c>null</c>: another kind.</param>
/// <param name="Embeddings">Of embeddings; <c>null</c>: another kind.</param>
/// <param name="Detections">Of detector heads; <c>null</c>: another kind.</param>
internal sealed record OutputMetrics(
    LabelMetrics? Labels = null, ValueMetrics? Values = null, EmbeddingMetrics? Embeddings = null, DetectionMetrics? Detections = null);

/// <summary>Measures what a model gives in the way of its kind.</summary>
internal sealed class OutputMeter
{
    private readonly LabelMeter? labels;
    private readonly ValueMeter? values;
    private readonly EmbeddingMeter? embeddings;
    private readonly DetectionMeter? detections;

    /// <summary>Prepares.</summary>
    /// <param name="kind">Any but classes, which <see cref="ClassificationMeter"/> measures.</param>
    /// <param name="shape">The shape of a sample's output; the last axis counts the columns of a row.</param>
    /// <param name="thorough">Whether what takes longer is measured too: the neighbours of embeddings, and the best constant answer of a detector.</param>
    /// <param name="detector">What the columns of a detector head are; needed for one.</param>
    public OutputMeter(OutputKind kind, IReadOnlyList<int> shape, bool thorough, DetectorForm? detector = null)
    {
        ArgumentOutOfRangeException.ThrowIfEqual((int)kind, (int)OutputKind.Classes, nameof(kind));
        var columns = shape[^1];
        labels = kind == OutputKind.Labels ? new(columns) : null;
        values = kind == OutputKind.Values ? new(columns) : null;
        embeddings = kind == OutputKind.Embedding ? new(columns, thorough) : null;
        detections = kind == OutputKind.Detector ? new(columns, shape.SkipLast(1).Aggregate(1, (product, size) => product * size), detector!, thorough) : null;
    }

    /// <summary>Adds a batch.</summary>
    /// <param name="given">N × columns.</param>
    /// <param name="known">The labels, 0 or 1 for each column, of embeddings one for each sample; −1 where one is not known; or empty.</param>
    /// <param name="teacher">N × columns; or empty: independent labels and embeddings can be measured by known labels alone.</param>
    /// <param name="groups">Of embeddings: where each sample comes from; or empty.</param>
    public void Add(ReadOnlySpan<float> given, ReadOnlySpan<int> known, ReadOnlySpan<float> teacher, ReadOnlySpan<int> groups = default)
    {
        labels?.Add(given, known, teacher);
        values?.Add(given, teacher);
        embeddings?.Add(given, known, teacher, groups);
        detections?.Add(given, teacher);
    }

    /// <summary>The figures so far.</summary>
    public OutputMetrics Result() => new(labels?.Result(), values?.Result(), embeddings?.Result(), detections?.Result());
}
