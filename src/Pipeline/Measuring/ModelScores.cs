using System.Numerics.Tensors;
using OnnxKd.Core.Errors;
using OnnxKd.Core.LogitCaches;
using OnnxKd.Core.Logits;
using OnnxKd.Core.Metrics;
using OnnxKd.Core.Tensors;
using OnnxKd.Core.TransferSets;

namespace OnnxKd.Pipeline.Measuring;

/// <summary>What models are measured against.</summary>
/// <param name="set">The samples, with labels or texts where they are known.</param>
/// <param name="teacher">The teacher's logits on the set, for agreement; <c>null</c>: none.</param>
/// <param name="alphabet">What classes stand for; used only if the set has texts.</param>
internal sealed class EvaluationSet(TransferSet set, LogitCache? teacher, CtcAlphabet? alphabet)
{
    /// <summary>The samples.</summary>
    public TransferSet Set => set;

    /// <summary>The teacher's logits; <c>null</c>: none.</summary>
    public LogitCache? Teacher => teacher;

    /// <summary>What of the teacher is compared with; <c>null</c>: there is none.</summary>
    public CacheStream? Stream { get; init; } = teacher?.Streams[0];

    /// <summary>Whether labels may be for what is measured: they are for a model's first output.</summary>
    public bool IsOfFirstOutput { get; init; } = true;

    /// <summary>What a further output is measured against; <c>null</c>: nothing.</summary>
    /// <param name="name">The stream that it learned from.</param>
    public EvaluationSet? Of(string name) => teacher?.Streams.FirstOrDefault(stream => stream.Name == name) is { } found
        ? new(set, teacher, null) { Stream = found, IsOfFirstOutput = false }
        : null;

    /// <summary>What classes stand for; <c>null</c> if the set's texts are not known.</summary>
    public CtcAlphabet? Alphabet => set.Texts.Count > 0 ? alphabet : null;
}

/// <summary>The figures of one model, batch by batch: of its classes, or what else it gives, position by position, and of the lines that it reads.</summary>
internal sealed class ModelScores
{
    // Two classes are unbalanced where the rarer one has less than this share.
    private const double MostOfRare = 0.2;

    private readonly EvaluationSet against;
    private readonly IReadOnlyList<int> shape;
    private readonly CountedPositions counted;
    private readonly OutputKind kind;
    private readonly ClassificationMeter? classes;
    private readonly OutputMeter? others;
    private readonly FidelityMeter? fidelity;
    private readonly long[]? labelCounts;
    private readonly RareClassMeter? rare;
    private readonly OverlapMeter? overlap;
    private readonly TextMeter? texts;
    private readonly TeacherComparison? comparison;

    /// <summary>Prepares for a model.</summary>
    /// <param name="against">What it is measured against.</param>
    /// <param name="model">The model, for messages.</param>
    /// <param name="shape">The shape of its output for one sample; the last axis counts the columns.</param>
    /// <param name="kind">What its output holds.</param>
    /// <param name="isTeacher">Whether it is the teacher itself, which need not be compared with it in detail.</param>
    /// <exception cref="InputException">The shape does not fit the labels, the texts or the teacher.</exception>
    public ModelScores(EvaluationSet against, string model, IReadOnlyList<int> shape, OutputKind kind, bool isTeacher = false)
    {
        (this.against, this.shape, this.kind) = (against, shape, kind);
        counted = new(against.Set, shape);
        if (HasLabels)
            against.Set.RequireLabelsBelow(kind == OutputKind.Labels ? 2 : shape[^1]);
        if (against.Stream is { } stream && (!stream.StudentShape.SequenceEqual(shape) || stream.Kind.Output() != kind))
            throw new InputException(
                "A model and its teacher give different things.", model, $"{kind.Word()} {Shapes.Format(shape)} per sample",
                $"{stream.Kind.Output()!.Value.Word()} {Shapes.Format(stream.StudentShape)} (the last axis counts them)");
        if (against.Alphabet is not null)
            RequireFrames(model);
        if (against.IsOfFirstOutput)
            against.Set.RequireSought(kind);
        var isMeasured = HasLabels || IsSought || against.Teacher is not null;
        classes = isMeasured && kind == OutputKind.Classes ? new(shape[^1]) : null;
        others = isMeasured && kind != OutputKind.Classes ? new(kind, shape, thorough: true, against.Stream?.Detector) : null;
        fidelity = classes is null ? null : new(shape[^1]);
        labelCounts = classes is not null && HasLabels ? new long[shape[^1]] : null;
        rare = isMeasured && (kind, shape[^1]) is (OutputKind.Classes, 2) or (OutputKind.Labels, 1) ? new() : null;
        overlap = classes is null || shape.Count < 3 ? null : new(shape[^1]); // of pixels: frames have one axis of positions
        texts = against.Alphabet is null ? null : new();
        comparison = against.Teacher is null || isTeacher ? null : new(kind, shape, against.Stream!.Detector);
    }

    /// <summary>Whether there is anything to measure against.</summary>
    public bool AreAny => classes is not null || others is not null || texts is not null;

    /// <summary>Labels are for samples, or for frames or pixels; of the others they say nothing.</summary>
    private bool HasLabels => against.IsOfFirstOutput && against.Set.HasLabelsFor(shape, kind);

    /// <summary>Whether labels say which samples belong together: what an embedding should find.</summary>
    private bool IsSought => against.IsOfFirstOutput && kind == OutputKind.Embedding && against.Set.HasLabelsFor(shape);

    /// <summary>Adds the logits of some samples in a row. Positions beyond a sample's length do not count.</summary>
    public void Add(long first, ReadOnlySpan<float> logits)
    {
        var width = shape[^1];
        var rows = Enumerable.Range(0, logits.Length / (counted.Positions * width)).Select(i => first + i).ToArray();
        var teacherLogits = against.Teacher is null || !AreAny ? [] : counted.Keep<float>(first, Read(against.Teacher, against.Stream!, rows), width);
        var kept = counted.Keep(first, logits, width);
        var labels = HasLabels || IsSought ? Labels(first, rows.Length) : [];
        if (classes is not null)
        {
            var reference = HasLabels ? labels : TopClasses(teacherLogits, width);
            classes.Add(kept, reference, teacherLogits);
            fidelity!.Add(kept, against.Teacher is null ? labels : TopClasses(teacherLogits, width), teacherLogits);
            rare?.Add(kept, reference);
            foreach (var label in labelCounts is null ? [] : labels)
                if (label >= 0)
                    labelCounts![label]++;
            overlap?.Add(kept, reference);
        }
        if (kind == OutputKind.Labels)
            rare?.Add(kept, labels.IsEmpty ? Holds(teacherLogits) : labels);
        others?.Add(kept, labels, teacherLogits, against.Set.Groups is { } groups && IsSought ? groups.Held.Slice((int)first, rows.Length) : []);
        var start = 0;
        foreach (var row in rows)
        {
            var positions = start..(start += counted.Of(row));
            Add(row, Part(kept, positions, width), teacherLogits.IsEmpty ? [] : Part(teacherLogits, positions, width),
                labels.IsEmpty ? [] : Part(labels, positions, kind == OutputKind.Labels ? width : 1));
        }
    }

    private static ReadOnlySpan<T> Part<T>(ReadOnlySpan<T> values, Range positions, int width) =>
        values[(positions.Start.Value * width)..(positions.End.Value * width)];

    /// <summary>Adds one sample: what it says, and where it is behind its teacher.</summary>
    private void Add(long row, ReadOnlySpan<float> own, ReadOnlySpan<float> teacher, ReadOnlySpan<int> labels)
    {
        comparison?.Add(row, own, teacher, labels);
        if (texts is null)
            return;
        var (read, known) = (against.Alphabet!.Decode(own), against.Set.Texts[(int)row]);
        texts.Add(read, known);
        comparison?.AddText(row, known, read, against.Alphabet.Decode(teacher));
    }

    /// <summary>The figures of a model with its scores.</summary>
    public ModelMetrics AddTo(ModelMetrics size)
    {
        if (classes?.Result() is { } scores)
            size = HasLabels
                ? size with
                {
                    Errors = scores.Errors, Accuracy = scores.Accuracy, Agreement = scores.Agreement, Nll = scores.Nll, Ece = scores.Ece,
                }
                : size with { Agreement = scores.Agreement };
        if (others?.Result() is { } figures)
            size = size with
            {
                Kind = kind,
                Errors = figures.Labels?.Errors, Accuracy = figures.Labels?.Accuracy, Nll = figures.Labels?.Nll,
                Agreement = figures.Labels?.Agreement ?? figures.Detections?.Agreement, F1 = figures.Labels?.F1,
                Precision = figures.Detections?.Precision, Recall = figures.Detections?.Recall, BoxOverlap = figures.Detections?.Overlap,
                Mse = figures.Values?.Mse, Mae = figures.Values?.Mae, RSquared = figures.Values?.RSquared,
                RSquaredByColumn = figures.Values is { Columns: { Count: > 1 } explained } ? explained : null,
                Cosine = figures.Embeddings?.Cosine, ConstantCosine = figures.Embeddings?.ConstantCosine, NeighbourRecall = figures.Embeddings?.NeighbourRecall, Retrieval = figures.Embeddings?.Retrieval,
                IsFromElsewhere = figures.Embeddings?.Retrieval is null || against.Set.Groups is null ? null : true,
                Majority = figures.Labels?.Majority, ConstantAgreement = figures.Labels?.ConstantAgreement ?? figures.Detections?.Constant,
                Kl = figures.Labels?.Kl, Collapse = Usefulness.Collapse(figures), Unlearned = Usefulness.Unlearned(figures) is { Count: > 0 } columns ? columns : null,
            };
        if (fidelity?.Result() is { } close)
            size = size with
            {
                Majority = labelCounts?.Sum() is > 0 and var known ? (double)labelCounts.Max() / known : null,
                ConstantAgreement = against.Teacher is null ? null : close.MostFrequent,
                Kl = close.Kl, Collapse = Usefulness.Collapse(close, size.Agreement ?? size.Accuracy, against.Teacher is not null),
            };
        if (rare?.Result() is { Share: < MostOfRare } found)
            size = size with { Precision = found.Precision, Recall = found.Recall, AveragePrecision = found.AveragePrecision };
        if (overlap?.Result() is { } share)
            size = size with { MeanOverlap = share };
        return texts?.Result() is { } lines
            ? size with { CharacterErrorRate = lines.CharacterErrorRate, ExactLines = lines.ExactShare }
            : size;
    }

    /// <summary>What there is to say of the model besides its figures.</summary>
    public ModelDetails Details(string role)
    {
        var details = new ModelDetails(role) { Reliability = HasLabels && classes is not null ? classes.Reliability : [] };
        return comparison?.AddTo(details, texts is not null) ?? details;
    }

    /// <summary>Reads cached logits. A class that the teachers do not know has next to no probability.</summary>
    public static float[] Read(LogitCache cache, CacheStream stream, ReadOnlySpan<long> rows)
    {
        var values = new float[rows.Length * stream.Values];
        cache.Read(stream, rows, view: 0, values);
        return stream.Subset is { } subset ? subset.Fill(values) : values;
    }

    /// <summary>One label for each position that counts, or one for each column of a sample.</summary>
    private ReadOnlySpan<int> Labels(long first, int rows)
    {
        if (kind != OutputKind.Labels || shape[^1] == 1)
            return counted.Labels(first, rows);
        var labels = new int[rows * counted.Positions * shape[^1]];
        against.Set.ReadLabels(first, labels);
        return labels;
    }

    private void RequireFrames(string model)
    {
        if (shape.Count != 2)
            throw new InputException(
                "Texts are read from class scores of frames.", model, $"{Shapes.Format(shape)} per sample", "[frames, classes]",
                "remove texts and alphabet, or measure a recogniser");
        against.Alphabet!.RequireClasses(model, shape[^1]);
    }

    private static int[] Holds(ReadOnlySpan<float> logits)
    {
        var decisions = new int[logits.Length];
        for (var i = 0; i < decisions.Length; i++)
            decisions[i] = logits[i] > 0 ? 1 : 0;
        return decisions;
    }

    /// <summary>What an unlabelled set is measured against.</summary>
    private static int[] TopClasses(ReadOnlySpan<float> logits, int classes)
    {
        var top = new int[logits.Length / classes];
        for (var i = 0; i < top.Length; i++)
            top[i] = TensorPrimitives.IndexOfMax(logits.Slice(i * classes, classes));
        return top;
    }
}
