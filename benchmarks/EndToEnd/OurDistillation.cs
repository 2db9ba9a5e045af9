using System.Diagnostics;
using OnnxKd.Benchmarks.Training;
using OnnxKd.Core.LogitCaches;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Preparation;
using OnnxKd.Core.Progress;
using OnnxKd.Core.TransferSets;
using OnnxKd.StudentTrainer.Graph.Import;
using OnnxKd.StudentTrainer.Learners;
using OnnxKd.StudentTrainer.Loop;
using OnnxKd.StudentTrainer.Training;
using OnnxKd.TeacherRunner.Capture;

namespace OnnxKd.Benchmarks.EndToEnd;

/// <summary>
/// A whole distillation as <c>onnxkd cache</c> and <c>onnxkd train</c> do it: from the file of images to the trained model.
/// </summary>
internal static class OurDistillation
{
    private static readonly Preprocessing ToUnit = new() { Scale = 1 / 255.0 };

    /// <summary>Seconds of both halves and their sum, and the mean loss of the last epoch.</summary>
    public sealed record Result(double CaptureSeconds, double Seconds, double Loss);

    /// <summary>Captures and trains, and removes what it wrote.</summary>
    /// <param name="work">What.</param>
    /// <param name="epochs">Epochs of the student.</param>
    /// <param name="threads">Of both halves.</param>
    /// <param name="folder">Where it writes.</param>
    /// <param name="afterEpoch">Called after each epoch; its time does not count.</param>
    public static Result Run(DistillationCase work, int epochs, int threads, string folder, Action afterEpoch)
    {
        var pauses = new Pauses(afterEpoch);
        var start = Stopwatch.GetTimestamp();
        using var set = TransferSet.Open(new() { Samples = work.Images, Labels = work.Labels });
        var cache = Path.Combine(folder, "cache");
        Capture(set, work.Teacher, cache, work.BatchSize, threads);
        var captured = Stopwatch.GetElapsedTime(start).TotalSeconds;
        var result = Train(set, work.Student.Model, cache, Path.Combine(folder, "training"), epochs, work.BatchSize, threads, pauses);
        var seconds = Stopwatch.GetElapsedTime(start).TotalSeconds - pauses.Seconds;
        Directory.Delete(folder, recursive: true);
        return new(captured, seconds, result.Epochs[^1].Loss);
    }

    /// <summary>Runs a teacher over images into a cache.</summary>
    public static void Capture(TransferSet set, string teacher, string cache, int batchSize, int threads) => CacheCapture.Capture(
        set,
        new()
        {
            Teachers = [new() { Model = teacher, Preprocessing = ToUnit }],
            Device = "cpu",
            BatchSize = batchSize,
            Threads = threads,
        },
        cache, null, CancellationToken.None);

    /// <summary>Trains a student from a cache.</summary>
    public static TrainedStudent Train(
        TransferSet set, OnnxModel student, string cacheFolder, string folder, int epochs, int batchSize, int threads,
        IProgress<StageProgress>? progress = null)
    {
        using var cache = LogitCache.Open(cacheFolder);
        var options = new TrainingOptions
        {
            Epochs = epochs, BatchSize = batchSize, Optimizer = OurStep.Sgd, Device = "cpu", Threads = threads,
        };
        var data = new TrainingData(set, ToUnit, cache, Validation: null);
        return Trainer.Train(
            [new(LearnerOptions.Only, student, StudentImport.Default, OurStep.Terms)], data, options, folder, progress, CancellationToken.None).Students[0];
    }

    /// <summary>Does something else after each epoch, on the thread that trains.</summary>
    private sealed class Pauses(Action afterEpoch) : IProgress<StageProgress>
    {
        private double epochs;

        public double Seconds { get; private set; }

        /// <inheritdoc/>
        public void Report(StageProgress value)
        {
            if (value.Done < epochs + 1)
                return;
            epochs = value.Done;
            var start = Stopwatch.GetTimestamp();
            afterEpoch();
            Seconds += Stopwatch.GetElapsedTime(start).TotalSeconds;
        }
    }
}
