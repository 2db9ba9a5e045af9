using System.Diagnostics;
using OnnxKd.Core.Errors;
using OnnxKd.Core.LogitCaches;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Progress;
using OnnxKd.Core.TransferSets;
using OnnxKd.TeacherRunner.Ensembles;
using OnnxKd.TeacherRunner.Sessions;
using OnnxKd.TeacherRunner.Teachers;

namespace OnnxKd.TeacherRunner.Capture;

/// <summary>Runs teachers over a transfer set into a logit cache.</summary>
public static class CacheCapture
{
    /// <summary>
    /// Captures what the folder does not hold yet. Each worker reads, runs and encodes some rows at a time, and batches are written while
    /// they go on; memory does not grow with the set.
    /// A cancelled or killed capture goes on where it stopped when called again.
    /// </summary>
    /// <param name="set">The transfer set. Labels are not stored; those of what the first teacher tells apart must be classes of it.</param>
    /// <param name="options">Teachers and settings.</param>
    /// <param name="folder">The cache's folder; created if missing.</param>
    /// <param name="progress">Told about rows as they are stored.</param>
    /// <param name="token">Stops between runs.</param>
    /// <param name="estimated">Told what the capture will take, before it starts; not told when nothing is left to do.</param>
    /// <exception cref="InputException">An option, a teacher, a label or a value that a teacher gave is wrong, or the disk has no room.</exception>
    /// <exception cref="UnsupportedModelException">ONNX Runtime cannot run a teacher.</exception>
    /// <exception cref="CheckFailedException">The folder holds a cache of another identity.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled; everything stored so far stays.</exception>
    public static CaptureResult Capture(
        TransferSet set, CaptureOptions options, string folder, IProgress<StageProgress>? progress = null, CancellationToken token = default,
        Action<CaptureEstimate>? estimated = null)
    {
        ArgumentNullException.ThrowIfNull(set);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentException.ThrowIfNullOrEmpty(folder);
        CaptureRules.Check(options);
        var start = Stopwatch.GetTimestamp();
        _ = Task.Run(() => set.SamplesDigest, CancellationToken.None); // needed next, and hashing takes as long as opening the teachers
        using var part = Profile.Start("open teachers");
        using var teachers = new TeacherEnsemble(set, options);
        teachers.RequireLabelsFit();
        RequireMaskFits(set, teachers.Streams);
        part?.Next("try teachers");
        var trial = new CaptureTrial(teachers, set);
        var batchSize = ChooseBatchSize(options, folder, teachers, trial);
        part?.Next("hash samples"); // which has been going on since the start
        var identity = teachers.Identity();
        RequireStorable(identity.Problem(batchSize));
        using var writer = OpenWriter(options, folder, identity, ref batchSize);
        var missing = writer.Rows - writer.StoredRows;
        if (missing > 0)
        {
            part?.Next("compare integers");
            var integers = teachers.CompareQuantized();
            part?.Next("time teachers"); // with nothing beside them
            var rate = trial.RowsPerSecond(batchSize);
            var estimate = new CaptureEstimate(teachers.Streams, missing, identity.BytesPerRow, FreeBytes(folder), rate, batchSize)
            {
                Readings = [.. teachers.Readings, .. integers],
            };
            estimate.RequireRoom(folder);
            estimated?.Invoke(estimate);
        }

        part?.Next("capture rows");
        Run(set, teachers, writer, batchSize, progress, token);
        var complete = writer.Complete();
        return new(
            writer.Rows, missing, teachers.Streams, batchSize, teachers.Provider, Stopwatch.GetElapsedTime(start).TotalSeconds, complete,
            teachers.ProviderNote);
    }

    /// <summary>Opens teachers to see what they give, and captures nothing.</summary>
    /// <inheritdoc cref="Capture"/>
    public static IReadOnlyList<CacheStream> LookAt(TransferSet set, CaptureOptions options)
    {
        ArgumentNullException.ThrowIfNull(set);
        ArgumentNullException.ThrowIfNull(options);
        CaptureRules.Check(options);
        using var teachers = new TeacherEnsemble(set, options);
        RequireStorable(CacheIdentityRules.StreamsProblem(teachers.Streams, options.Teachers.Count, options.BatchSize ?? 1));
        return teachers.Streams;
    }

    /// <summary>Refuses options that are out of range, and teachers whose classes do not fit together, as far as that can be told before they are opened.</summary>
    /// <param name="options">The capture.</param>
    /// <param name="counts">How many classes each teacher's file declares; <c>null</c>: it does not say.</param>
    /// <exception cref="InputException">Names the option or the teacher, and what can be done.</exception>
    public static void Check(CaptureOptions options, IReadOnlyList<int?> counts)
    {
        CaptureRules.Check(options);
        ClassMap.Require(options, counts);
    }

    /// <summary>The streams of the cache that a capture makes.</summary>
    public static IReadOnlyList<string> StreamsOf(CaptureOptions options) => StreamNames.Of(options);

    /// <summary>Refuses a teacher that lacks a tensor that is captured.</summary>
    /// <param name="teacher">The teacher.</param>
    /// <param name="model">Its model, or one of the same graph.</param>
    /// <exception cref="InputException">It has no such tensor; names the nearest.</exception>
    public static void RequireTensors(TeacherOptions teacher, OnnxModel model)
    {
        foreach (var tensor in teacher.Outputs.Concat(teacher.Features).Select(tapped => tapped.Tensor).Prepend(teacher.Output).Append(teacher.Scores).OfType<string>())
            LogitTrace.Find(model.Proto.Graph, tensor, teacher.File);
    }

    /// <summary>Where teachers run on a device: <c>cpu</c> or <c>cuda</c>. A cache of one is never taken for one of the other.</summary>
    /// <param name="device">As in <see cref="CaptureOptions.Device"/>.</param>
    /// <exception cref="InputException">There is no such device.</exception>
    public static string ProviderOf(string device) => ExecutionDevice.Resolve(device).Provider;

    private static void RequireStorable(string? problem)
    {
        if (problem is not null)
            throw new InputException(
                "A logit cache cannot hold what is asked for.", "capture", problem, remedy: "correct capture.storage, capture.batch-size or capture.views");
    }

    /// <summary>A mask that does not fit is refused now, not when the teachers have run.</summary>
    private static void RequireMaskFits(TransferSet set, IReadOnlyList<CacheStream> streams)
    {
        foreach (var stream in streams.Where(stream => set.SampleShape.Mask is not null && stream.Kind != StreamKind.Feature))
            _ = new CountedPositions(set, stream.Shape);
    }

    /// <summary>Runs the teachers on the rows that the cache lacks, several runs at a time, and stores what they give in order.</summary>
    private static void Run(
        TransferSet set, TeacherEnsemble teachers, LogitCacheWriter writer, int batchSize, IProgress<StageProgress>? progress, CancellationToken token)
    {
        var done = writer.StoredRows;
        Report();
        var rowsPerRun = teachers.RowsPerRun(batchSize);
        BatchWorkers<byte>.Run(
            [.. Enumerable.Range(1, teachers.Workers).Select(i => (Buffers: teachers.CreateBuffers(rowsPerRun), Lane: $"capture {i}"))],
            writer.PendingBatches(), batchSize, rowsPerRun, writer.Encoder.RowBytes,
            (worker, rows, bytes) =>
            {
                using var step = Profile.Start("read samples", worker.Lane);
                worker.Buffers.Select(rows, set.Count);
                teachers.Read(worker.Buffers);
                step?.Next("run teachers");
                teachers.Run(worker.Buffers);
                step?.Next("encode logits");
                teachers.Encode(worker.Buffers, rows, writer.Encoder, bytes);
            },
            (rows, bytes) =>
            {
                using var step = Profile.Start("write logits");
                set.RequireUnchanged(); // the rows were read before
                writer.Append(bytes.Span);
                done += rows.Count;
                Report();
            },
            token);

        void Report() => progress?.Report(new("capture", done, writer.Rows, "samples", $"on {teachers.Provider}"));
    }

    /// <summary>The size that was asked for; else that of the cache in the folder, which other processes may have begun; else the best one.</summary>
    private static int ChooseBatchSize(CaptureOptions options, string folder, TeacherEnsemble teachers, CaptureTrial trial) =>
        options.BatchSize is { } size
            ? teachers.RoundUp(size)
            : LogitCacheWriter.FindBatchSize(folder) ?? trial.FindBatchSize();

    private static LogitCacheWriter OpenWriter(CaptureOptions options, string folder, CacheIdentity identity, ref int batchSize)
    {
        try
        {
            return LogitCacheWriter.OpenOrResume(folder, identity, batchSize, options.Part);
        }
        catch (CheckFailedException) when (options.BatchSize is null && LogitCacheWriter.FindBatchSize(folder) is { } other && other != batchSize)
        {
            batchSize = other; // another part began the cache while this one was trying sizes
            return LogitCacheWriter.OpenOrResume(folder, identity, batchSize, options.Part);
        }
    }

    private static long FreeBytes(string folder) => new DriveInfo(Path.GetFullPath(folder)).AvailableFreeSpace;
}
