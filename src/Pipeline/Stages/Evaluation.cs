using OnnxKd.Core.LogitCaches;
using OnnxKd.Core.Logits;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Preparation;
using OnnxKd.Pipeline.Reports;
using OnnxKd.TeacherRunner.Capture;
using OnnxKd.TeacherRunner.Sessions;

namespace OnnxKd.Pipeline.Stages;

/// <summary>Measures models in ONNX Runtime.</summary>
/// <param name="against">What they are measured on; <c>null</c>: size and latency alone, on a sample of zeros.</param>
/// <param name="sampleShape">The shape of a sample.</param>
/// <param name="device">Where sessions run.</param>
/// <param name="token">Stops between batches.</param>
internal sealed class Evaluation(EvaluationSet? against, IReadOnlyList<int> sampleShape, string device, CancellationToken token)
{
    /// <summary>Measures a model.</summary>
    /// <param name="options">The model.</param>
    /// <param name="isTrained">Whether it is a student of this run.</param>
    public ModelMetrics OfModel(TeacherOptions options, bool isTrained = false)
    {
        var model = OnnxModel.Load(options.Model);
        // What cannot be told otherwise is what the teacher gives: else there is nothing to compare.
        using var session = Open(options with { Kind = options.Kind ?? KindOf(model) ?? against?.Teacher?.Streams[0].Kind.Output() }, model, isTrained);
        var size = Size(options, model, session);
        if (against is null)
            return size;
        var scores = new ModelScores(against, options.Model, session.Output.Shape, session.Output.Kind.Output()!.Value);
        if (!scores.AreAny)
            return size;
        session.RunAll(
            RecipeSets.Reader(against.Set, options.Preprocessing), BatchSize.For(against.Set.SampleElements, session.Output.Elements),
            (first, logits) => scores.Add(first, logits.Span), token);
        return scores.AddTo(size);
    }

    /// <summary>Measures cached logits: of a teacher, or of an ensemble.</summary>
    /// <param name="logits">The cache of the set.</param>
    /// <param name="members">The teachers that gave them.</param>
    public ModelMetrics OfCache(LogitCache logits, IReadOnlyList<TeacherOptions> members)
    {
        var kind = logits.Streams[0].Kind.Output()!.Value;
        var sizes = members.Select(member => SizeOf(member with { Kind = member.Kind ?? kind })).ToArray();
        var name = string.Join(" + ", sizes.Select(s => s.Model));
        var scores = new ModelScores(against!, name, logits.Streams[0].Shape, kind);
        foreach (var rows in Enumerable.Range(0, (int)against!.Set.Count).Chunk(BatchSize.For(1, logits.Streams[0].Values)))
        {
            token.ThrowIfCancellationRequested();
            scores.Add(rows[0], ModelScores.Read(logits, [.. rows]));
        }
        return scores.AddTo(new(
            name, sizes.Sum(s => s.Parameters), sizes.Sum(s => s.FileBytes), sizes.Sum(s => s.LatencyMsP50),
            sizes.Length == 1 ? sizes[0].Sha256 : null));
    }

    private ModelMetrics SizeOf(TeacherOptions options)
    {
        var model = OnnxModel.Load(options.Model);
        using var session = Open(options, model);
        return Size(options, model, session);
    }

    private OnnxClassifier Open(TeacherOptions options, OnnxModel model, bool isTrained = false) => OnnxClassifier.Open(
        model, sampleShape, [new() { Tensor = options.Output, Kind = options.Kind, ClassAxis = options.ClassAxis, IsTrained = isTrained }],
        new() { Device = device });

    private static OutputKind? KindOf(OnnxModel model) => KindEvidence.OfMetadata(model.Proto)?.Kind;

    private ModelMetrics Size(TeacherOptions options, OnnxModel model, OnnxClassifier session)
    {
        var sample = new float[sampleShape.Aggregate(1, (product, axis) => product * axis)];
        if (against is not null)
            RecipeSets.Reader(against.Set, options.Preprocessing).Read([0], view: 0, sample);
        // The parsed model holds its external data; the file alone does not.
        var bytes = Math.Max(new FileInfo(options.Model).Length, model.Proto.CalculateSize());
        return new(Path.GetFileName(options.Model), model.ParameterCount, bytes, session.MeasureLatency(sample), model.Digest);
    }
}
