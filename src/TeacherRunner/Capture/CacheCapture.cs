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
    /// <exception cref="InputException">An option, a teacher or a value that a teacher gave is wrong.</exception>
    /// <exception cref="UnsupportedModelException">ONNX Runtime cannot run a teacher.</exception>
    /// <exception cref="CheckFailedException">The folder holds a cache of another identity.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled; everything stored so far stays.</exception>
    public static CaptureResult Capture(
        TransferSet set, CaptureOptions options, string folder, IProgress<StageProgress>? progress, CancellationToken token)
    {
        Check(options);
        var start = Stopwatch.GetTimestamp();
        _ = Task.Run(() => set.SamplesDigest, CancellationToken.None); // needed next, and hashing takes as long as opening the teachers
        using var teachers = new TeacherEnsemble(set, options);
        using var writer = LogitCacheWriter.OpenOrResume(folder, teachers.Identity(set), teachers.BatchSize);
        var stored = writer.StoredRows;
        var pending = new Queue<RowRange>(writer.PendingBatches());

        Report();
        Overlap.Run(
            () => teachers.CreateBatch(set),
            batch =>
            {
                if (!pending.TryDequeue(out var rows))
                    return false;
                batch.Select(rows.First, (int)rows.Count, set.Count);
                teachers.Read(batch);
                return true;
            },
            teachers.Run,
            batch =>
            {
                writer.Append(teachers.Combine(batch, set));
                Report();
            },
            token);
        writer.Complete();
        return new(
            writer.Rows, writer.Rows - stored, teachers.Classes, teachers.Provider, Stopwatch.GetElapsedTime(start).TotalSeconds,
            teachers.ProviderNote);

        void Report() => progress?.Report(new("capture", writer.StoredRows, writer.Rows, "samples", $"on {teachers.Provider}"));
    }

    private static void Check(CaptureOptions options)
    {
        if (options.Teachers.Count == 0)
            throw new InputException("There is no teacher to capture.", "teachers", "none", "at least one");
        Require(options.BatchSize >= 1, "batch size", options.BatchSize, "1 or more");
        Require(options.Views >= 1, "views", options.Views, "1 or more");
        Require(options.Views == 1 || !options.Augmentation.IsNone, "views", options.Views, "1, because without augmentation all views are alike");
        Require(options.Threads is null or >= 1, "threads", options.Threads, "1 or more");
        Require(
            options.Teachers.Count == 1 || options.Combination != Combination.Single, "combination", options.Combination,
            "a mean of probabilities or a mean of logits, because there are several teachers");
        foreach (var teacher in options.Teachers)
            Require(teacher.Weight > 0 && double.IsFinite(teacher.Weight), $"weight of {teacher.Model}", teacher.Weight, "a number above 0");

        static void Require(bool holds, string where, object? found, string expected)
        {
            if (!holds)
                throw new InputException("An option of the capture is out of range.", where, FormattableString.Invariant($"{found}"), expected);
        }
    }
}
