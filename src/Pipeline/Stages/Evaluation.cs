using System.Numerics.Tensors;
using OnnxKd.Core.Errors;
using OnnxKd.Core.LogitCaches;
using OnnxKd.Core.Metrics;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Preparation;
using OnnxKd.Core.Tensors;
using OnnxKd.Core.TransferSets;
using OnnxKd.Pipeline.Reports;
using OnnxKd.TeacherRunner.Capture;
using OnnxKd.TeacherRunner.Sessions;

namespace OnnxKd.Pipeline.Stages;

/// <summary>Measures models in ONNX Runtime.</summary>
/// <param name="set">What they are measured on; <c>null</c>: size and latency alone, on a sample of zeros.</param>
/// <param name="sampleShape">The shape of a sample.</param>
/// <param name="teacher">The teacher's logits on the set, for agreement; <c>null</c>: none.</param>
/// <param name="device">Where sessions run.</param>
/// <param name="token">Stops between batches.</param>
internal sealed class Evaluation(
    TransferSet? set, IReadOnlyList<int> sampleShape, LogitCache? teacher, string device, CancellationToken token)
{
    private const int BatchSize = 256;

    /// <summary>Measures a model.</summary>
    /// <param name="options">The model.</param>
    /// <param name="isStudent">Whether the trainer made it.</param>
    public ModelMetrics OfModel(TeacherOptions options, bool isStudent = false)
    {
        var model = OnnxModel.Load(options.Model);
        using var session = Open(options, model, isStudent);
        var size = Size(options, model, session);
        var shape = session.Output.Shape;
        if (set is null || !HasLabels(shape) && teacher is null)
            return size;
        RequireShape(options.Model, shape);
        var meter = new ClassificationMeter(session.Classes);
        session.RunAll(
            RecipeSets.Reader(set, options.Preprocessing), BatchSize, (first, logits) => Add(meter, first, logits.Span, shape), token);
        return WithScores(size, meter.Result(), shape);
    }

    /// <summary>Measures cached logits: of a teacher, or of an ensemble.</summary>
    /// <param name="logits">The cache of the set.</param>
    /// <param name="members">The teachers that gave them.</param>
    public ModelMetrics OfCache(LogitCache logits, IReadOnlyList<TeacherOptions> members)
    {
        var sizes = members.Select(SizeOf).ToArray();
        var stream = logits.Streams[0];
        var meter = new ClassificationMeter(stream.Classes);
        for (long first = 0; first < set!.Count; first += BatchSize)
        {
            token.ThrowIfCancellationRequested();
            var rows = Rows(first, (int)Math.Min(BatchSize, set.Count - first));
            Add(meter, first, Read(logits, rows), stream.Shape);
        }
        var sum = new ModelMetrics(
            string.Join(" + ", sizes.Select(s => s.Model)), sizes.Sum(s => s.Parameters), sizes.Sum(s => s.FileBytes),
            sizes.Sum(s => s.LatencyMsP50), sizes.Length == 1 ? sizes[0].Sha256 : null);
        return WithScores(sum, meter.Result(), stream.Shape);
    }

    private ModelMetrics SizeOf(TeacherOptions options)
    {
        var model = OnnxModel.Load(options.Model);
        using var session = Open(options, model);
        return Size(options, model, session);
    }

    private OnnxClassifier Open(TeacherOptions options, OnnxModel model, bool isStudent = false) => OnnxClassifier.Open(
        model, sampleShape, [new() { Tensor = options.Output, ClassAxis = options.ClassAxis, ClassesLast = isStudent }],
        new() { Device = device });

    private ModelMetrics Size(TeacherOptions options, OnnxModel model, OnnxClassifier session)
    {
        var sample = new float[sampleShape.Aggregate(1, (product, axis) => product * axis)];
        if (set is not null)
            RecipeSets.Reader(set, options.Preprocessing).Read([0], view: 0, sample);
        // The parsed model holds its external data; the file alone does not.
        var bytes = Math.Max(new FileInfo(options.Model).Length, model.Proto.CalculateSize());
        return new(Path.GetFileName(options.Model), model.ParameterCount, bytes, session.MeasureLatency(sample), model.Digest);
    }

    private ModelMetrics WithScores(ModelMetrics size, ClassificationMetrics scores, IReadOnlyList<int> shape) => HasLabels(shape)
        ? size with
        {
            Errors = scores.Errors, Accuracy = scores.Accuracy, Agreement = scores.Agreement, Nll = scores.Nll, Ece = scores.Ece,
        }
        : size with { Agreement = scores.Agreement };

    /// <summary>Adds a batch; every position of a sample, as far as its length goes, counts as one.</summary>
    private void Add(ClassificationMeter meter, long first, ReadOnlySpan<float> logits, IReadOnlyList<int> shape)
    {
        var counted = new CountedPositions(set!, shape);
        var rows = Rows(first, logits.Length / (counted.Positions * meter.Classes));
        var teacherLogits = teacher is null ? [] : counted.Keep<float>(first, Read(teacher, rows), meter.Classes);
        var labels = HasLabels(shape) ? set!.Labels.Slice((int)first, rows.Length) : TopClasses(teacherLogits, meter.Classes);
        meter.Add(counted.Keep(first, logits, meter.Classes), labels, teacherLogits);
    }

    /// <summary>A label says what a sample is; of frames or pixels it says nothing.</summary>
    private bool HasLabels(IReadOnlyList<int> shape) => set!.IsLabelled && shape.Count == 1;

    private void RequireShape(string model, IReadOnlyList<int> shape)
    {
        if (HasLabels(shape))
            set!.RequireLabelsBelow(shape[^1]);
        if (teacher is not null && !teacher.Streams[0].Shape.SequenceEqual(shape))
            throw new InputException(
                "A model and its teacher give different class scores.", model, $"{Shapes.Format(shape)} per sample",
                $"{Shapes.Format(teacher.Streams[0].Shape)} (the last axis counts the classes)");
    }

    private static long[] Rows(long first, int count)
    {
        var rows = new long[count];
        for (var i = 0; i < count; i++)
            rows[i] = first + i;
        return rows;
    }

    private static float[] Read(LogitCache cache, long[] rows)
    {
        var stream = cache.Streams[0];
        var values = new float[rows.Length * stream.Values];
        cache.Read(stream, rows, view: 0, values);
        return values;
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
