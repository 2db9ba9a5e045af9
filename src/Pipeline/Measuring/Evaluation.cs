using System.Diagnostics;
using OnnxKd.Core.LogitCaches;
using OnnxKd.Core.Logits;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Preparation;
using OnnxKd.Core.Progress;
using OnnxKd.Core.Tensors;
using OnnxKd.Core.TransferSets;
using OnnxKd.TeacherRunner.Sessions;
using OnnxKd.TeacherRunner.Teachers;

namespace OnnxKd.Pipeline.Measuring;

/// <summary>What was measured of a model.</summary>
/// <param name="Metrics">Its figures.</param>
/// <param name="Details">What the report draws besides.</param>
/// <param name="File">Its file; <c>null</c>: it has none, or more than one.</param>
internal sealed record MeasuredModel(ModelMetrics Metrics, ModelDetails Details, TeacherOptions? File);

/// <summary>Measures models in ONNX Runtime.</summary>
/// <param name="against">What they are measured on; <c>null</c>: size and latency alone, on a sample of zeros.</param>
/// <param name="sampleShape">The shape of a sample.</param>
/// <param name="device">Where sessions run.</param>
/// <param name="token">Stops between batches.</param>
/// <param name="progress">Told about samples.</param>
internal sealed class Evaluation(
    EvaluationSet? against, SampleShape sampleShape, string device, CancellationToken token, IProgress<StageProgress>? progress = null)
{
    private const int MostTransfer = 4096;
    private const int LongestStretch = 64;
    private const double GoldenRatio = 0.618033988749895; // whose multiples fill a circle evenly

    // Of a slow student fewer samples must do.
    private static readonly TimeSpan MostTime = TimeSpan.FromMinutes(1);

    /// <summary>Measures a model.</summary>
    /// <param name="options">The model.</param>
    /// <param name="role">What it is in the run; <c>null</c>: it belongs to none.</param>
    /// <param name="isTrained">Whether it is a student of this run, which may have learned something else than the one that agreement is for: then it is not compared.</param>
    public MeasuredModel OfModel(TeacherOptions options, string? role = null, bool isTrained = false)
    {
        var model = SharedModels.Load(options.Model);
        // What cannot be told otherwise is what the teacher gives: else there is nothing to compare.
        using var session = Open(options with { Kind = options.Kind ?? KindOf(model) ?? against?.Stream?.Kind.Output() }, model, isTrained);
        var size = Size(options, model, session) with { Role = role };
        if (against is null || isTrained && !IsComparable(against, session.Output))
            return new(size, new(role ?? size.Model), options);
        return Score(session, options) is { } scores
            ? new(scores.AddTo(size), scores.Details(role ?? size.Model), options)
            : new(size, new(role ?? size.Model), options);
    }

    /// <summary>The figures of a student's further output alone.</summary>
    /// <param name="options">The student, read there.</param>
    /// <param name="name">The stream that the output learned from.</param>
    /// <returns><c>null</c>: there is nothing to measure it against.</returns>
    public ModelMetrics? OfOutput(TeacherOptions options, string name)
    {
        if (against?.Of(name) is not { } output)
            return null;
        using var session = Open(options, SharedModels.Load(options.Model), isTrained: true);
        if (!IsComparable(output, session.Output))
            return null;
        return new Evaluation(output, sampleShape, device, token, progress).Score(session, options)?.AddTo(new(Path.GetFileName(options.Model)));
    }

    /// <summary>Runs the set; <c>null</c>: there is nothing to measure.</summary>
    private ModelScores? Score(OnnxClassifier session, TeacherOptions options)
    {
        var scores = new ModelScores(against!, options.Model, session.Output.Shape, session.Output.Kind.Output()!.Value);
        if (!scores.AreAny)
            return null;
        session.RunAll(
            SampleReader.Of(against!.Set, options.Preprocessing), BatchSize.For(against.Set.SampleElements, session.Output.Elements),
            (first, logits) =>
            {
                scores.Add(first, logits.Span);
                progress?.Report(new($"evaluate {Path.GetFileName(options.Model)}", first + logits.Length / session.Output.Elements, against.Set.Count, "samples"));
            },
            token);
        return scores;
    }

    /// <summary>Adds how closely an output of a student follows its teacher on some of the samples that it learned from, as the teacher saw them.</summary>
    /// <param name="figures">What is known of the output.</param>
    /// <param name="options">The student, read there.</param>
    /// <param name="set">What it learned from.</param>
    /// <param name="taught">What its teachers said of that.</param>
    /// <param name="stream">The stream that the output learned from.</param>
    /// <returns>The figures as they are, if the two give different things, or the cache holds no decisions.</returns>
    public ModelMetrics WithTransfer(ModelMetrics figures, TeacherOptions options, TransferSet set, LogitCache taught, CacheStream stream)
    {
        using var session = Open(options, SharedModels.Load(options.Model), isTrained: true);
        if (stream.Storage.IsDrawn || stream.Kind.Output() != session.Output.Kind.Output() || !stream.Shape.SequenceEqual(session.Output.Shape))
            return figures;
        var scores = new ModelScores(new(set, taught, null) { Stream = stream, IsOfFirstOutput = stream == taught.Streams[0] }, options.Model, stream.Shape, stream.Kind.Output()!.Value);
        var reader = new SampleReader(set, options.Preprocessing, taught.Identity.Augmentation, taught.Identity.Seed);
        var (start, measured) = (Stopwatch.GetTimestamp(), 0L);
        foreach (var rows in Stretches(set.Count, BatchSize.For(set.SampleElements, session.Output.Elements, LongestStretch)))
        {
            token.ThrowIfCancellationRequested();
            var (samples, logits) = (new float[rows.Length * set.SampleElements], new float[rows.Length * session.Output.Elements]);
            reader.Read(rows, view: 0, samples);
            session.Run(samples, rows.Length, logits);
            scores.Add(rows[0], logits);
            measured += rows.Length;
            progress?.Report(new($"evaluate {Path.GetFileName(options.Model)}, transfer set", measured, Math.Min(set.Count, MostTransfer), "samples"));
            if (Stopwatch.GetElapsedTime(start) > MostTime)
                break;
        }
        var found = scores.AddTo(new(options.Model));
        return figures with { Kind = found.Kind, Transfer = Closeness.Of(found, measured), Collapse = figures.IsMeasured ? figures.Collapse : found.Collapse };
    }

    /// <summary>Short stretches all over the set, however many of them are read: sets may be in the order of their classes.</summary>
    private static IEnumerable<long[]> Stretches(long count, int length)
    {
        var stretches = (int)Math.Min((count + length - 1) / length, (MostTransfer + length - 1) / length);
        foreach (long i in Enumerable.Range(0, stretches).OrderBy(i => i * GoldenRatio % 1))
        {
            var (first, next) = (i * count / stretches, (i + 1) * count / stretches);
            yield return [.. Enumerable.Range(0, (int)Math.Min(length, next - first)).Select(offset => first + offset)];
        }
    }

    /// <summary>Measures cached logits: of a teacher, or of an ensemble.</summary>
    /// <param name="logits">The cache of the set.</param>
    /// <param name="members">The teachers that gave them.</param>
    /// <param name="role">What they are in the run.</param>
    public MeasuredModel OfCache(LogitCache logits, IReadOnlyList<TeacherOptions> members, string role)
    {
        var kind = logits.Streams[0].Kind.Output()!.Value;
        // Figures are of the first stream: of teachers that are kept apart, of the one that gave it.
        if (logits is { Identity.Combination: Combination.Single, Streams: [{ Teacher: { } first }, ..] })
            members = [members[first]];
        var sizes = members.Select(member => SizeOf(member with { Kind = member.Kind ?? kind })).ToArray();
        var name = string.Join(" + ", sizes.Select(s => s.Model));
        if (!IsComparable(against!, kind, logits.Streams[0].StudentShape))
            return new(Size(), new(role), Only());
        var scores = new ModelScores(against!, name, logits.Streams[0].StudentShape, kind, isTeacher: true);
        foreach (var rows in Enumerable.Range(0, (int)against!.Set.Count).Chunk(BatchSize.For(1, logits.Streams[0].Values)))
        {
            token.ThrowIfCancellationRequested();
            scores.Add(rows[0], ModelScores.Read(logits, logits.Streams[0], [.. rows]));
        }
        return new(scores.AddTo(Size()), scores.Details(role), Only());

        ModelMetrics Size() => new(name)
        {
            Parameters = Sum(s => s.Parameters), FileBytes = Sum(s => s.FileBytes), LatencyMsP50 = sizes.Any(s => s.LatencyMsP50 is null) ? null : sizes.Sum(s => s.LatencyMsP50),
            Sha256 = sizes.Length == 1 ? sizes[0].Sha256 : null, Role = role,
        };

        TeacherOptions? Only() => members is [{ IsRecorded: false } only] ? only : null;

        long? Sum(Func<ModelMetrics, long?> size) => sizes.Any(s => size(s) is null) ? null : sizes.Sum(size);
    }

    /// <summary>Whether figures of something of this form can be against the teacher, if there is one.</summary>
    private static bool IsComparable(EvaluationSet against, OutputKind kind, IReadOnlyList<int> shape) =>
        against.Stream is not { } stream || (stream.Kind.Output() == kind && stream.StudentShape.SequenceEqual(shape));

    private static bool IsComparable(EvaluationSet against, ModelOutput output) => IsComparable(against, output.Kind.Output()!.Value, output.Shape);

    private ModelMetrics SizeOf(TeacherOptions options)
    {
        if (options.IsRecorded)
            return new(options.File) { Sha256 = options.Signals.Digest() };
        var model = SharedModels.Load(options.Model);
        using var session = Open(options, model);
        return Size(options, model, session);
    }

    private OnnxClassifier Open(TeacherOptions options, OnnxModel model, bool isTrained = false) => OnnxClassifier.Open(
        model, against is null ? sampleShape : against.Set.Modality(options.Modality).SampleShape, [options.Reading with { IsTrained = isTrained }],
        new() { Device = device, Inputs = options.Inputs });

    private static OutputKind? KindOf(OnnxModel model) => KindEvidence.OfMetadata(model.Proto)?.Kind;

    private ModelMetrics Size(TeacherOptions options, OnnxModel model, OnnxClassifier session)
    {
        var read = against?.Set.Modality(options.Modality);
        var sample = new float[(read?.SampleShape ?? sampleShape).Aggregate(1, (product, axis) => product * axis)];
        if (read is not null)
            SampleReader.Of(read, options.Preprocessing).Read([0], view: 0, sample);
        return new(Path.GetFileName(options.Model))
        {
            Parameters = model.ParameterCount, FileBytes = model.FileBytes, LatencyMsP50 = session.MeasureLatency(sample, token: token), Sha256 = model.Digest,
        };
    }
}
