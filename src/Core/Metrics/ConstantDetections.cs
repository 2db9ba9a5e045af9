using OnnxKd.Core.Logits;

namespace OnnxKd.Core.Metrics;

/// <summary>What a detector would be worth that gives the same boxes for every sample: the bar that one must be above that looks at its samples.</summary>
/// <param name="columns">Columns of an anchor.</param>
/// <param name="anchors">Anchors of a sample.</param>
/// <param name="form">What the columns are.</param>
internal sealed class ConstantDetections(int columns, int anchors, DetectorForm form)
{
    // Who gives more boxes for every sample is wrong nearly always.
    private const int MostBoxes = 300;
    private const double LeastScore = 1e-3;
    private const int TriedSamples = 10;

    // To fewer a constant answer can be fitted that says nothing of others.
    private const int FewestSamples = 10;

    private readonly int classes = form.Classes(columns);
    private readonly double[] boxes = new double[anchors * DetectorForm.BoxColumns];
    private readonly double[] weights = new double[anchors];
    private readonly double[] probabilities = new double[anchors * form.Classes(columns)];
    private readonly List<Detection[]> taught = [];

    /// <summary>Adds what the teacher says of a sample.</summary>
    /// <param name="teacher">Anchors × columns.</param>
    /// <param name="found">What is left of it after suppression.</param>
    public void Add(ReadOnlySpan<float> teacher, IReadOnlyList<Detection> found)
    {
        taught.Add([.. found]);
        for (var anchor = 0; anchor < anchors; anchor++)
        {
            var row = teacher.Slice(anchor * columns, columns);
            var surest = 0.0;
            for (var c = 0; c < classes; c++)
            {
                var probability = form.Probability(row, c);
                probabilities[anchor * classes + c] += probability;
                surest = Math.Max(surest, probability);
            }

            weights[anchor] += surest;
            for (var side = 0; side < DetectorForm.BoxColumns; side++)
                boxes[anchor * DetectorForm.BoxColumns + side] += surest * row[side];
        }
    }

    /// <summary>The agreement of the best such answer: 2 · matched ÷ (taught + given), which is 0 of no boxes at all; <c>null</c>: there are too few samples.</summary>
    public double? Agreement()
    {
        if (taught.Count < FewestSamples)
            return null;
        // Where boxes may lie in one place or another, their mean lies in neither: what is said of one sample may be better.
        return Enumerable.Range(0, TriedSamples).Select(i => taught[(int)((long)i * taught.Count / TriedSamples)].AsEnumerable())
            .Prepend(NonMaximumSuppression.Find(Mean(), columns, form, score: LeastScore)).Max(Agreement);
    }

    /// <summary>The best agreement of some boxes that are given for every sample, or of some of them.</summary>
    private double Agreement(IEnumerable<Detection> boxes)
    {
        Detection[] given = [.. boxes.OrderByDescending(detection => detection.Score).Take(MostBoxes)];
        var first = Matches(given);
        given = [.. given.Zip(first).OrderByDescending(pair => pair.Second).Select(pair => pair.First)];
        var (matched, all, sum, best) = (Matches(given), taught.Sum(sample => (long)sample.Length), 0L, 0.0);
        for (var count = 1; count <= given.Length; count++)
        {
            sum += matched[count - 1];
            best = Math.Max(best, 2.0 * sum / (all + (double)count * taught.Count));
        }

        return best;
    }

    /// <summary>In how many samples each box matches one of the teacher's. Those in front choose first, so that none depends on those behind it.</summary>
    private long[] Matches(Detection[] given)
    {
        var matched = new long[given.Length];
        foreach (var sample in taught)
            foreach (var (i, overlap) in DetectionMeter.Match(given, sample).Index())
                matched[i] += overlap > 0 ? 1 : 0;
        return matched;
    }

    /// <summary>The mean output, as a detector's.</summary>
    private float[] Mean()
    {
        var mean = new float[anchors * columns];
        for (var anchor = 0; anchor < anchors; anchor++)
        {
            var row = mean.AsSpan(anchor * columns, columns);
            for (var side = 0; side < DetectorForm.BoxColumns; side++)
                row[side] = weights[anchor] > 0 ? (float)(boxes[anchor * DetectorForm.BoxColumns + side] / weights[anchor]) : 0;
            row[DetectorForm.BoxColumns..].Fill(float.MaxValue); // an objectness of 1: probabilities are those of both
            for (var c = 0; c < classes; c++)
            {
                var probability = probabilities[anchor * classes + c] / taught.Count;
                row[form.FirstClass + c] = (float)(Math.Log(probability) - Math.Log(1 - probability));
            }
        }

        return mean;
    }
}
