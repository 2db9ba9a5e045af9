namespace OnnxKd.Core.Metrics;

/// <summary>Accumulates <see cref="ClassificationMetrics"/> batch by batch, in double precision.</summary>
public sealed class ClassificationMeter(int classes)
{
    /// <summary>The number of classes.</summary>
    public int Classes => classes;

    /// <summary>Adds a batch.</summary>
    /// <param name="logits">N × classes.</param>
    /// <param name="labels">N class indices.</param>
    /// <param name="teacherLogits">N × classes, or empty.</param>
    public void Add(ReadOnlySpan<float> logits, ReadOnlySpan<int> labels, ReadOnlySpan<float> teacherLogits = default) =>
        throw new NotImplementedException();

    /// <summary>The figures so far.</summary>
    public ClassificationMetrics Result() => throw new NotImplementedException();
}
