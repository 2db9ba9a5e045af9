using System.Diagnostics;
using OnnxKd.Benchmarks.Training;
using OnnxKd.Core.LogitCaches;
using OnnxKd.Core.Preparation;
using OnnxKd.Core.TransferSets;
using OnnxKd.StudentTrainer.Graph.Import;
using OnnxKd.StudentTrainer.Training;
using OnnxKd.TeacherRunner.Capture;

namespace OnnxKd.Benchmarks.EndToEnd;

/// <summary>A whole distillation as <c>onnxkd cache</c> and <c>onnxkd train</c> do it: from the file of images to the trained model.</summary>
internal static class OurDistillation
{
    private static readonly Preprocessing ToUnit = new() { Scale = 1 / 255.0 };

    /// <summary>Seconds of both halves and their sum, and the mean loss of the last epoch.</summary>
    public sealed record Result(double CaptureSeconds, double Seconds, double Loss);

    /// <summary>Captures and trains.</summary>
    public static Result Run(DistillationCase work, int epochs, int threads, string folder)
    {
        var start = Stopwatch.GetTimestamp();
        using var set = TransferSet.Open(new() { Samples = work.Images, Labels = work.Labels });
        var capture = new CaptureOptions
        {
            Teachers = [new() { Model = work.Teacher, Preprocessing = ToUnit }],
            Device = "cpu",
            BatchSize = work.BatchSize,
            Threads = threads,
        };
        var cacheFolder = Path.Combine(folder, "cache");
        CacheCapture.Capture(set, capture, cacheFolder, null, CancellationToken.None);
        var captured = Stopwatch.GetElapsedTime(start).TotalSeconds;

        using var cache = LogitCache.Open(cacheFolder);
        var options = new TrainingOptions
        {
            Epochs = epochs, BatchSize = work.BatchSize, Optimizer = OurStep.Sgd, Device = "cpu", Threads = threads,
        };
        var data = new TrainingData(set, ToUnit, cache, Evaluation: null);
        var training = Path.Combine(folder, "training");
        var result = Trainer.Train(
            work.Student.Model, StudentImport.Default, data, OurStep.Terms, options, training, null, CancellationToken.None);
        var seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        Directory.Delete(folder, recursive: true);
        return new(captured, seconds, result.Epochs[^1].Loss);
    }
}
