namespace OnnxKd.Core.LogitCaches;

/// <summary>Consecutive rows of a cache.</summary>
/// <param name="First">The first row.</param>
/// <param name="Count">How many.</param>
public readonly record struct RowRange(long First, long Count)
{
    /// <summary>The row after the last.</summary>
    public long End => First + Count;

    /// <summary>Rows cut into batches; the last one may be shorter.</summary>
    public static IEnumerable<RowRange> Batches(long first, long end, int batchSize)
    {
        for (; first < end; first += batchSize)
            yield return new(first, Math.Min(batchSize, end - first));
    }

    /// <inheritdoc/>
    public override string ToString() => $"{First} to {End - 1}";
}
