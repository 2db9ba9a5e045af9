namespace OnnxKd.Core.Metrics;

/// <summary>How well the rarer of two classes is found.</summary>
/// <param name="Share">Its share.</param>
/// <param name="Precision">Of what the model says is of it, the share that is; 0 if it says so of none.</param>
/// <param name="Recall">Of what is of it, the share that the model says is.</param>
/// <param name="AveragePrecision">Σ (Rₙ − Rₙ₋₁) · Pₙ over all thresholds, without interpolation.</param>
internal sealed record RareClass(double Share, double Precision, double Recall, double AveragePrecision);

/// <summary>Collects the scores of two classes, to say how well the rarer one is found.</summary>
internal sealed class RareClassMeter
{
    private readonly List<float> scores = [];
    private readonly List<bool> isSecond = [];

    /// <summary>Adds rows.</summary>
    /// <param name="logits">N × 2, or of one label N: how much the second is likelier than the first.</param>
    /// <param name="reference">The class of each row; −1: not known.</param>
    public void Add(ReadOnlySpan<float> logits, ReadOnlySpan<int> reference)
    {
        var isOne = logits.Length == reference.Length;
        for (var i = 0; i < reference.Length; i++)
        {
            if (reference[i] < 0)
                continue;
            scores.Add(isOne ? logits[i] : logits[2 * i + 1] - logits[2 * i]);
            isSecond.Add(reference[i] == 1);
        }
    }

    /// <summary>The figures of the rarer class (the second, where both are as frequent); <c>null</c> if one class does not occur.</summary>
    public RareClass? Result()
    {
        var second = isSecond.Count(value => value);
        if (second == 0 || second == isSecond.Count)
            return null;
        var isRareSecond = 2 * second <= isSecond.Count;
        // Scores for the rare class; a tie of the two logits goes to the first class.
        var ranked = scores.Select((score, i) => (Score: isRareSecond ? score : -score, IsRare: isSecond[i] == isRareSecond))
            .OrderByDescending(row => row.Score).ToArray();
        var rare = isRareSecond ? second : isSecond.Count - second;
        var (found, area, said, right) = (0, 0.0, 0, 0);
        for (var i = 0; i < ranked.Length;)
        {
            var (score, before) = (ranked[i].Score, found);
            for (; i < ranked.Length && ranked[i].Score == score; i++)
                found += ranked[i].IsRare ? 1 : 0;
            area += (double)(found - before) / rare * found / i;
            if (isRareSecond ? score > 0 : score >= 0)
                (said, right) = (i, found);
        }

        return new((double)rare / ranked.Length, said == 0 ? 0 : (double)right / said, (double)right / rare, area);
    }
}
