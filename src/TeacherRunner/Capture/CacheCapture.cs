using System.Diagnostics;
using OnnxKd.Core.Errors;
using OnnxKd.Core.LogitCaches;
using OnnxKd.Core.Progress;
using OnnxKd.Core.TransferSets;
using OnnxKd.TeacherRunner.Ensembles;

namespace OnnxKd.TeacherRunner.Capture;

/// <summary>Runs teachers over a transfer set into a logit cache.</summary>
public static class CacheCapture
{
    /// <summary>
    /// Captures what the folder does not hold yet. Reading, running and writing overlap; memory does not grow with the set.
    /// A cancelled or killed capture goes on where it stopped when called again.
    /// </summary>
    /// <param name="set">The transfer set; labels are not used.</param>
    /// <param name="options">Teachers and settings.</param>
    /// <param name="folder">The cache's folder; created if missing.</param>
    /// <param name="progress">Told about rows as they are stored.</param>
    /// <param name="token">Stops between batches.</param>
    /// <param name="estimated">Told what the capture will take, before it starts; not told when nothing is left to do.</param>
    /// <exception cref="InputException">An option, a teacher or a value that a teacher gave is wrong, or the disk has no room.</exception>
    /// <exception cref="UnsupportedModelException">ONNX Runtime cannot run a teacher.</exception>
    /// <exception cref="CheckFailedException">The folder holds a cache of another identity.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled; everything stored so far stays.</exception>
    public static CaptureResult Capture(
        TransferSet set, CaptureOptions options, string folder, IProgress<StageProgress>? progress, CancellationToken token,
        Action<CaptureEstimate>? estimated = null)
    {
        CaptureRules.Check(options);
        var start = Stopwatch.GetTimestamp();
        _ = Task.Run(() => set.SamplesDigest, CancellationToken.None); // needed next, and hashing takes as long as opening the teachers
        using var part = Profile.Start("open teachers");
        using var teachers = new TeacherEnsemble(set, options);
        part?.Next("try teachers");
        var trial = new CaptureTrial(teachers, set);
        var batchSize = ChooseBatchSize(options, folder, teachers, trial);
        var rate = trial.RowsPerSecond(batchSize);
        part?.Next("hash samples"); // which has been going on since the start
        var identity = teachers.Identity();
        using var writer = OpenWriter(options, folder, identity, ref batchSize);
        var stored = writer.StoredRows;
        var missing = writer.Rows - stored;
        if (missing > 0)
        {
            var estimate = new CaptureEstimate(teachers.Streams, missing, identity.BytesPerRow, FreeBytes(folder), rate, batchSize);
            estimate.RequireRoom(folder);
            estimated?.Invoke(estimate);
        }

        part?.Next("capture rows");
        var done = stored;
        Report();
        using var batches = writer.PendingBatches().GetEnumerator();
        var results = teachers.CreateResults(batchSize);
        Overlap.Run(
            () => teachers.CreateBatch(batchSize, results),
            batch =>
            {
                if (!batches.MoveNext())
                    return false;
                using var span = Profile.Start("read samples", "capture: read");
                batch.Select(batches.Current.First, (int)batches.Current.Count, set.Count);
                teachers.Read(batch);
                return true;
            },
            batch =>
            {
                using (Profile.Start("run teachers"))
                    teachers.Run(batch);
                if (teachers.RunOnHost)
                    Encode(batch); // on the processors that the teachers have just left: beside them it would slow them down by more
            },
            batch =>
            {
                if (!teachers.RunOnHost)
                    Encode(batch, "capture: write");
                using var span = Profile.Start("write logits", "capture: write");
                writer.Append(batch.Stored);
                done += batch.Count;
                Report();
            },
            token);
        var complete = writer.Complete();
        return new(
            writer.Rows, missing, teachers.Streams, batchSize, teachers.Provider, Stopwatch.GetElapsedTime(start).TotalSeconds, complete,
            teachers.ProviderNote);

        void Encode(Batch batch, string lane = Profile.MainLane)
        {
            using var span = Profile.Start("encode logits", lane);
            teachers.Encode(batch, writer.Encoder);
        }

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
