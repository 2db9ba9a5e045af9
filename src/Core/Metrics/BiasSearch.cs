using System.Numerics.Tensors;

namespace OnnxKd.Core.Metrics;

/// <summary>What a search for offsets found.</summary>
/// <param name="Offsets">What is added to the scores of each named class, in their order.</param>
/// <param name="ErrorsBefore">Errors without them.</param>
/// <param name="ErrorsAfter">Errors with them.</param>
internal sealed record BiasFinding(IReadOnlyList<float> Offsets, int ErrorsBefore, int ErrorsAfter);

/// <summary>
/// Finds what to add to the scores of some classes, so that a labelled set has the fewest errors: of a student whose transfer set lacked a class, or
/// held little else (Hinton et al. 2015, section 3: the bias of class 3 raised, those of 7 and 8 lowered).
/// </summary>
/// <remarks>
/// Exact for one offset: a sample's top class changes where the offset is the gap between the best other class and the best named one, so the errors are
/// constant between such gaps. Of the offsets with the fewest errors, 0 is taken if it is one of them, else the middle of the widest range.
/// </remarks>
internal static class BiasSearch
{
    // Beyond the last gap nothing changes any more.
    private const double Beyond = 1;
    private const int MostRounds = 20;

    /// <summary>Searches.</summary>
    /// <param name="logits">N × classes.</param>
    /// <param name="labels">N class indices.</param>
    /// <param name="named">The classes that get an offset.</param>
    /// <param name="each">Whether each gets its own, one after another until none has fewer errors; else all the same.</param>
    /// <exception cref="ArgumentException">The lengths do not fit, or there is nothing to search in.</exception>
    public static BiasFinding Find(ReadOnlySpan<float> logits, ReadOnlySpan<int> labels, IReadOnlyList<int> named, bool each)
    {
        if (labels.IsEmpty || named.Count == 0 || logits.Length % labels.Length != 0)
            throw new ArgumentException($"{logits.Length} logits do not fit {labels.Length} labels and {named.Count} classes.");
        var (classes, scores, offsets) = (logits.Length / labels.Length, logits.ToArray(), new float[named.Count]);
        int[][] groups = each ? [.. Enumerable.Range(0, named.Count).Select(i => new[] { i })] : [[.. Enumerable.Range(0, named.Count)]];
        var before = CountErrors(scores, labels, classes);
        var (errors, improved) = (before, true);
        for (var round = 0; improved && round < MostRounds; round++)
        {
            improved = false;
            foreach (var group in groups)
            {
                int[] together = [.. group.Select(i => named[i])];
                var offset = (float)Best(scores, labels, classes, together);
                var changed = (float[])scores.Clone();
                Add(changed, classes, together, offset);
                if (CountErrors(changed, labels, classes) is var found && found >= errors)
                    continue;
                (scores, errors, improved) = (changed, found, groups.Length > 1);
                foreach (var i in group)
                    offsets[i] += offset;
            }
        }
        return new(offsets, before, errors);
    }

    private static double Best(ReadOnlySpan<float> scores, ReadOnlySpan<int> labels, int classes, int[] together)
    {
        // Where a sample becomes right (+1) or wrong (−1) as the offset rises.
        var changes = new SortedDictionary<double, int>();
        var right = 0;
        for (var i = 0; i < labels.Length; i++)
        {
            var (inside, outside) = TopTwo(scores.Slice(i * classes, classes), together);
            right += outside == labels[i] ? 1 : 0;
            var change = (inside == labels[i] ? 1 : 0) - (outside == labels[i] ? 1 : 0);
            if (inside < 0 || outside < 0 || change == 0)
                continue;
            var gap = (double)scores[i * classes + outside] - scores[i * classes + inside];
            changes[gap] = changes.GetValueOrDefault(gap) + change;
        }
        if (changes.Count == 0)
            return 0;
        var (gaps, most, atZero) = (changes.Keys.ToArray(), right, right);
        var best = (Offset: gaps[0] - Beyond, Width: 0.0);
        for (var i = 0; i < gaps.Length; i++)
        {
            right += changes[gaps[i]];
            if (gaps[i] < 0)
                atZero = right;
            var (width, offset) = i + 1 < gaps.Length ? (gaps[i + 1] - gaps[i], (gaps[i] + gaps[i + 1]) / 2) : (0, gaps[i] + Beyond);
            if (right > most || right == most && width > best.Width)
                (most, best) = (right, (offset, width));
        }
        return atZero == most ? 0 : best.Offset;
    }

    /// <summary>The best of the named classes and the best of the others; −1 where there is none.</summary>
    private static (int Inside, int Outside) TopTwo(ReadOnlySpan<float> row, int[] together)
    {
        var (inside, outside) = (-1, -1);
        for (var c = 0; c < row.Length; c++)
        {
            ref var top = ref Array.IndexOf(together, c) >= 0 ? ref inside : ref outside;
            if (top < 0 || row[c] > row[top])
                top = c;
        }
        return (inside, outside);
    }

    private static void Add(Span<float> scores, int classes, int[] together, float offset)
    {
        for (var start = 0; start < scores.Length; start += classes)
            foreach (var c in together)
                scores[start + c] += offset;
    }

    private static int CountErrors(ReadOnlySpan<float> scores, ReadOnlySpan<int> labels, int classes)
    {
        var errors = 0;
        for (var i = 0; i < labels.Length; i++)
            errors += TensorPrimitives.IndexOfMax(scores.Slice(i * classes, classes)) == labels[i] ? 0 : 1;
        return errors;
    }
}
