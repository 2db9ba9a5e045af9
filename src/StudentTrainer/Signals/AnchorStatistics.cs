using OnnxKd.Core.LogitCaches;
using OnnxKd.Core.Logits;

namespace OnnxKd.StudentTrainer.Signals;

/// <summary>What a teacher's detector head gives on the whole: where each anchor's box is, how far it moves, and how often there is a class.</summary>
/// <param name="Boxes">The mean of each anchor's box, anchors × 4.</param>
/// <param name="Deviations">How far the four numbers of a box are from these on the whole; above 0.</param>
/// <param name="Scores">The mean of each score's logit over all anchors.</param>
internal sealed record AnchorStatistics(IReadOnlyList<float> Boxes, IReadOnlyList<float> Deviations, IReadOnlyList<float> Scores)
{
    private const int Box = DetectorForm.BoxColumns;

    /// <summary>How many anchors.</summary>
    public int Anchors => Boxes.Count / Box;

    /// <summary>Reads the first view of some rows, evenly spread.</summary>
    public static AnchorStatistics Of(LogitCache cache, CacheStream stream)
    {
        var columns = stream.Classes;
        var (means, variances) = ColumnStatistics.Moments(cache, stream, stream.Values);
        var anchors = Enumerable.Range(0, stream.Positions).ToArray();
        return new(
            [.. means.Where((_, i) => i % columns < Box).Select(mean => (float)mean)],
            [.. Enumerable.Range(0, Box).Select(c => anchors.Average(anchor => variances[anchor * columns + c]) is > 0 and var variance ? (float)Math.Sqrt(variance) : 1)],
            [.. Enumerable.Range(Box, columns - Box).Select(c => (float)anchors.Average(anchor => means[anchor * columns + c]))]);
    }
}
