using OnnxKd.Core.Errors;
using OnnxKd.Core.Logits;

namespace OnnxKd.Core.Metrics;

/// <summary>How far a detector finds what its teacher finds, both after suppression of what is found twice.</summary>
/// <param name="Taught">How many detections the teacher has in all samples.</param>
/// <param name="Found">How many the model has.</param>
/// <param name="Matched">Detections of both that are of one class and overlap by half or more, each with one of the other.</param>
/// <param name="Overlap">Mean overlap (intersection ÷ union) of the matched boxes; <c>null</c>: none is matched.</param>
internal sealed record DetectionMetrics(long Taught, long Found, long Matched, double? Overlap)
{
    /// <summary>2 · matched ÷ (taught + found); <c>null</c>: neither finds anything.</summary>
    public double? Agreement => Taught + Found > 0 ? 2.0 * Matched / (Taught + Found) : null;

    /// <summary>Share of what the model finds that the teacher finds; <c>null</c>: it finds nothing.</summary>
    public double? Precision => Found > 0 ? (double)Matched / Found : null;

    /// <summary>Share of what the teacher finds that the model finds; <c>null</c>: the teacher finds nothing.</summary>
    public double? Recall => Taught > 0 ? (double)Matched / Taught : null;

    /// <summary>
    /// The agreement of the best constant answer that was found: the teacher's mean output, each box weighed by its score, or what it says of one of the samples, of which
    /// as many boxes are given as agree best; <c>null</c>: it was not measured, there are too few samples, or the teacher finds nothing.
    /// </summary>
    public double? Constant { get; init; }
}

/// <summary>Accumulates <see cref="DetectionMetrics"/> sample by sample.</summary>
/// <param name="columns">Columns of an anchor.</param>
/// <param name="anchors">Anchors of a sample.</param>
/// <param name="form">What the columns are.</param>
/// <param name="constant">Whether the best constant answer is measured too, for which the teacher's detections are kept.</param>
internal sealed class DetectionMeter(int columns, int anchors, DetectorForm form, bool constant = false)
{
    // Half, as in PASCAL VOC (Everingham et al. 2010, section 4.2).
    private const double SameBox = 0.5;

    private readonly ConstantDetections? same = constant ? new(columns, anchors, form) : null;
    private long taught;
    private long found;
    private long matched;
    private long samples;
    private double overlap;

    /// <summary>Adds samples.</summary>
    /// <param name="given">N × anchors × columns.</param>
    /// <param name="teacher">As many values.</param>
    /// <exception cref="CheckFailedException">A value is NaN or infinite.</exception>
    public void Add(ReadOnlySpan<float> given, ReadOnlySpan<float> teacher)
    {
        for (var start = 0; start < given.Length; start += anchors * columns, samples++)
        {
            var said = teacher.Slice(start, anchors * columns);
            var theirs = NonMaximumSuppression.Find(said, columns, form);
            var one = Compare(given.Slice(start, anchors * columns), theirs, samples);
            same?.Add(said, theirs);
            (taught, found, matched) = (taught + one.Taught, found + one.Found, matched + one.Matched);
            overlap += one.Matched * (one.Overlap ?? 0);
        }
    }

    /// <summary>The figures so far.</summary>
    public DetectionMetrics Result() => new(taught, found, matched, matched > 0 ? overlap / matched : null) { Constant = taught > 0 ? same?.Agreement() : null };

    /// <summary>Compares one sample. Surest first, each detection of the model takes the teacher's that it overlaps most, of its class and not taken yet.</summary>
    /// <param name="given">Anchors × columns.</param>
    /// <param name="teacher">As many values.</param>
    /// <param name="sample">The sample, for messages.</param>
    /// <exception cref="CheckFailedException">A value is NaN or infinite.</exception>
    public DetectionMetrics Compare(ReadOnlySpan<float> given, ReadOnlySpan<float> teacher, long sample = 0) =>
        Compare(given, NonMaximumSuppression.Find(teacher, columns, form), sample);

    private DetectionMetrics Compare(ReadOnlySpan<float> given, IReadOnlyList<Detection> theirs, long sample)
    {
        if (!Distributions.AllFinite(given))
            throw new CheckFailedException("A box or a score of the model is not a finite number.", $"sample {sample} of those measured");
        Detection[] own = [.. NonMaximumSuppression.Find(given, columns, form).OrderByDescending(detection => detection.Score)];
        double[] overlaps = [.. Match(own, theirs).Where(overlap => overlap > 0)];
        return new(theirs.Count, own.Length, overlaps.Length, overlaps.Length > 0 ? overlaps.Average() : null);
    }

    /// <summary>By how much each detection overlaps the teacher's that it takes, in their order; 0: it takes none.</summary>
    internal static IEnumerable<double> Match(IEnumerable<Detection> own, IReadOnlyList<Detection> teacher)
    {
        var free = teacher.ToList();
        foreach (var detection in own)
        {
            var best = free.Where(other => other.Class == detection.Class).Select(other => (Other: other, Overlap: other.Box.Overlap(detection.Box)))
                .OrderByDescending(pair => pair.Overlap).FirstOrDefault();
            if (best.Overlap >= SameBox)
                free.Remove(best.Other);
            yield return best.Overlap >= SameBox ? best.Overlap : 0;
        }
    }
}
