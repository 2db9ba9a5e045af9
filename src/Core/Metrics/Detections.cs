using OnnxKd.Core.Logits;

namespace OnnxKd.Core.Metrics;

/// <summary>A box by two corners, the first with the smaller coordinates.</summary>
/// <param name="X1">Of the first corner.</param>
/// <param name="Y1">Of the first corner.</param>
/// <param name="X2">Of the second corner.</param>
/// <param name="Y2">Of the second corner.</param>
internal readonly record struct Box(double X1, double Y1, double X2, double Y2)
{
    /// <summary>Reads four numbers.</summary>
    public static Box Of(ReadOnlySpan<float> row, BoxForm form) => form == BoxForm.Xyxy
        ? new(Math.Min(row[0], row[2]), Math.Min(row[1], row[3]), Math.Max(row[0], row[2]), Math.Max(row[1], row[3]))
        : new(row[0] - row[2] / 2d, row[1] - row[3] / 2d, row[0] + row[2] / 2d, row[1] + row[3] / 2d);

    /// <summary>Width times height; 0 of a box that is turned inside out.</summary>
    public double Area => Math.Max(0, X2 - X1) * Math.Max(0, Y2 - Y1);

    /// <summary>What two boxes have in common ÷ what they cover together; 0 where nothing is covered.</summary>
    public double Overlap(Box other)
    {
        var common = Math.Max(0, Math.Min(X2, other.X2) - Math.Max(X1, other.X1)) * Math.Max(0, Math.Min(Y2, other.Y2) - Math.Max(Y1, other.Y1));
        var together = Area + other.Area - common;
        return together > 0 ? common / together : 0;
    }
}

/// <summary>Something that a detector found.</summary>
/// <param name="Class">The class.</param>
/// <param name="Score">Its probability.</param>
/// <param name="Anchor">Where it was found.</param>
/// <param name="Box">The box.</param>
internal readonly record struct Detection(int Class, double Score, int Anchor, Box Box);

/// <summary>What of a detector's anchors is left when those are taken away that a surer one of the same class covers.</summary>
/// <remarks>As ONNX's NonMaxSuppression: class by class, surest first; of two that are equally sure, the one that comes first.</remarks>
internal static class NonMaximumSuppression
{
    /// <summary>The probability that a detection must exceed; that of most detectors' tools.</summary>
    public const double ScoreThreshold = 0.25;

    /// <summary>The overlap with a surer detection beyond which one goes; that of most detectors' tools.</summary>
    public const double OverlapThreshold = 0.45;

    // Of a model that has learned nothing yet, every anchor may be above the threshold.
    private const int MostCandidates = 1000;

    /// <summary>Finds what is left, class by class, the surest of each first.</summary>
    /// <param name="anchors">Anchors × columns.</param>
    /// <param name="columns">Columns of an anchor.</param>
    /// <param name="form">What they are.</param>
    /// <param name="score">As <see cref="ScoreThreshold"/>.</param>
    /// <param name="overlap">As <see cref="OverlapThreshold"/>.</param>
    public static IReadOnlyList<Detection> Find(
        ReadOnlySpan<float> anchors, int columns, DetectorForm form, double score = ScoreThreshold, double overlap = OverlapThreshold)
    {
        var found = new List<Detection>();
        for (var c = 0; c < form.Classes(columns); c++)
        {
            var candidates = new List<Detection>();
            for (var anchor = 0; anchor < anchors.Length / columns; anchor++)
            {
                var row = anchors.Slice(anchor * columns, columns);
                if (form.Probability(row, c) is var probability && probability > score)
                    candidates.Add(new(c, probability, anchor, Box.Of(row, form.Boxes)));
            }

            var kept = new List<Detection>();
            foreach (var candidate in candidates.OrderByDescending(candidate => candidate.Score).ThenBy(candidate => candidate.Anchor).Take(MostCandidates))
                if (!kept.Exists(surer => surer.Box.Overlap(candidate.Box) > overlap))
                    kept.Add(candidate);
            found.AddRange(kept);
        }

        return found;
    }
}
