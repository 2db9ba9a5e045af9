using System.Numerics.Tensors;
using OnnxKd.Core.Logits;
using OnnxKd.Core.Metrics;

namespace OnnxKd.Pipeline.Measuring;

/// <summary>Finds where a model differs from its teacher: which classes, and which samples.</summary>
/// <param name="kind">What both give.</param>
/// <param name="shape">The shape of a sample's output; the last axis counts the columns: classes, labels or values.</param>
/// <param name="detector">What the columns of a detector head are; <c>null</c>: it is none.</param>
internal sealed class TeacherComparison(OutputKind kind, IReadOnlyList<int> shape, DetectorForm? detector = null)
{
    private readonly int width = shape[^1];
    private readonly DetectionMeter? detections = detector is null ? null : new(shape[^1], shape.SkipLast(1).Aggregate(1, (product, size) => product * size), detector);

    private const int SamplesOfClass = 4;
    private const int ShownClasses = 3;
    private const int MostSamples = SamplesOfClass * ShownClasses;

    private readonly ComparisonMeter meter = new(shape[^1]);
    private readonly Dictionary<int, WorstGaps> ofClass = [];
    private readonly WorstGaps all = new(MostSamples);

    /// <summary>Adds a sample.</summary>
    /// <param name="row">Its row in the set.</param>
    /// <param name="model">Counted positions × columns.</param>
    /// <param name="teacher">Counted positions × columns.</param>
    /// <param name="labels">A class for each position, or 0 or 1 for each label; −1: not known; or empty.</param>
    public void Add(long row, ReadOnlySpan<float> model, ReadOnlySpan<float> teacher, ReadOnlySpan<int> labels)
    {
        switch (kind)
        {
            case OutputKind.Classes when model.Length == width:
                AddSample(row, model, teacher, labels);
                break;
            case OutputKind.Classes:
                all.Add(new(row, AddPositions(model, teacher, labels)));
                break;
            case OutputKind.Labels:
                all.Add(new(row, AddDecisions(model, teacher, labels)));
                break;
            case OutputKind.Values:
                all.Add(new(row, Math.Pow(TensorPrimitives.Distance(model, teacher), 2) / model.Length));
                break;
            case OutputKind.Detector:
                all.Add(new(row, 1 - (detections!.Compare(model, teacher, row).Agreement ?? 1)));
                break;
            default:
                all.Add(new(row, 1 - TensorPrimitives.CosineSimilarity(model, teacher)));
                break;
        }
    }

    /// <summary>Adds a line of text that both read.</summary>
    public void AddText(long row, string known, string model, string teacher) =>
        all.Add(new(row, EditDistance.Between(model, known) - EditDistance.Between(teacher, known)) { Text = known, Read = model });

    /// <summary>Adds what was found.</summary>
    /// <param name="details">The model's.</param>
    /// <param name="areTexts">Whether lines were read: then those that were misread are shown, and not those with other frames.</param>
    public ModelDetails AddTo(ModelDetails details, bool areTexts)
    {
        var changes = meter.Changes.OrderByDescending(change => change.Teacher - change.Model).ThenBy(change => change.Class).ToArray();
        var pairs = meter.Pairs;
        if (width > ModelDetails.MostClasses)
            (changes, pairs) = ([.. changes.Take(ModelDetails.MostRows)], [.. pairs.Where(pair => pair.Teacher != pair.Model).Take(ModelDetails.MostRows)]);
        var worst = changes.Where(change => change.Teacher > change.Model && ofClass.ContainsKey(change.Class)).Take(ShownClasses)
            .SelectMany(change => ofClass[change.Class].Gaps);
        return details with
        {
            Classes = changes.Length > 0 ? width : 0, Changes = changes, Pairs = pairs,
            Samples = [.. (ofClass.Count > 0 ? worst : all.Gaps.Where(gap => !areTexts || gap.Text is not null))],
        };
    }

    private void AddSample(long row, ReadOnlySpan<float> model, ReadOnlySpan<float> teacher, ReadOnlySpan<int> labels)
    {
        var (taught, said) = (TensorPrimitives.IndexOfMax(teacher), TensorPrimitives.IndexOfMax(model));
        var truth = labels.IsEmpty ? taught : labels[0];
        meter.Add(truth, taught, said);
        if (taught != truth || said == truth)
            return;
        if (!ofClass.TryGetValue(truth, out var gaps))
            ofClass.Add(truth, gaps = new(SamplesOfClass));
        gaps.Add(new(row, Probability(teacher, truth) - Probability(model, truth)) { Class = truth, Said = said });
    }

    /// <returns>How many more positions are wrong.</returns>
    private long AddPositions(ReadOnlySpan<float> model, ReadOnlySpan<float> teacher, ReadOnlySpan<int> labels)
    {
        var behind = 0L;
        for (var start = 0; start < model.Length; start += width)
        {
            var (taught, said) = (TensorPrimitives.IndexOfMax(teacher.Slice(start, width)), TensorPrimitives.IndexOfMax(model.Slice(start, width)));
            var truth = labels.IsEmpty ? taught : labels[start / width];
            meter.Add(truth, taught, said);
            behind += truth < 0 ? 0 : (taught == truth ? 1 : 0) - (said == truth ? 1 : 0);
        }
        return behind;
    }

    /// <returns>How many more labels are decided wrongly.</returns>
    private long AddDecisions(ReadOnlySpan<float> model, ReadOnlySpan<float> teacher, ReadOnlySpan<int> labels)
    {
        var behind = 0L;
        for (var i = 0; i < model.Length; i++)
        {
            var truth = labels.IsEmpty ? teacher[i] > 0 ? 1 : 0 : labels[i];
            if (truth < 0)
                continue;
            var (taught, said) = (teacher[i] > 0 == truth > 0, model[i] > 0 == truth > 0);
            meter.AddDecision(i % width, taught, said);
            behind += (taught ? 1 : 0) - (said ? 1 : 0);
        }
        return behind;
    }

    private static double Probability(ReadOnlySpan<float> logits, int index) => Math.Exp(logits[index] - SoftmaxMath.LogSumExp(logits));

    /// <summary>The largest gaps above 0, largest first.</summary>
    private sealed class WorstGaps(int most)
    {
        private readonly PriorityQueue<SampleGap, (double Gap, long Row)> kept = new(Comparer<(double Gap, long Row)>.Create(
            (a, b) => a.Gap != b.Gap ? a.Gap.CompareTo(b.Gap) : b.Row.CompareTo(a.Row)));

        public IEnumerable<SampleGap> Gaps => kept.UnorderedItems.Select(item => item.Element).OrderByDescending(gap => gap.Gap).ThenBy(gap => gap.Row);

        public void Add(SampleGap gap)
        {
            if (!(gap.Gap > 0)) // no difference, or none that can be told
                return;
            kept.Enqueue(gap, (gap.Gap, gap.Row));
            if (kept.Count > most)
                kept.Dequeue();
        }
    }
}
