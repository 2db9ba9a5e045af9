using System.Diagnostics;
using OnnxKd.Benchmarks.Support;
using OnnxKd.Benchmarks.Training;
using OnnxKd.Core.LogitCaches;
using OnnxKd.Core.TransferSets;
using OnnxKd.StudentTrainer.Optimizers;
using OnnxKd.StudentTrainer.Runtime;
using OnnxKd.StudentTrainer.Students;
using OnnxKd.StudentTrainer.Terms;
using OnnxKd.StudentTrainer.Training;
using OnnxKd.TeacherRunner.Capture;
using OnnxKd.TeacherRunner.Teachers;

namespace OnnxKd.Benchmarks.EndToEnd;

/// <summary>What a distillation of one size costs.</summary>
/// <param name="Rows">Images of 28 × 28.</param>
/// <param name="Classes">Classes.</param>
/// <param name="CaptureSeconds">From the files to the finished cache.</param>
/// <param name="EpochSeconds">Of the steps of an epoch from the cache.</param>
/// <param name="CacheBytes">On disk.</param>
internal sealed record ScalingPoint(int Rows, int Classes, double CaptureSeconds, double EpochSeconds, long CacheBytes)
{
    private const int BatchSize = 128;

    /// <summary>Measures it; medians of repeats.</summary>
    public static ScalingPoint Measure(int rows, int classes, int threads, int repeats)
    {
        var folder = Directory.CreateTempSubdirectory("onnxkd-bench-").FullName;
        try
        {
            var (images, model) = (Path.Combine(folder, "images-idx3-ubyte"), Path.Combine(folder, "teacher.onnx"));
            var cache = Path.Combine(folder, "cache");
            SyntheticImages.Write(images, rows);
            SyntheticTeacher.Layers(784, 256, classes).Save(model);
            using var set = TransferSet.Open(new() { Samples = images });
            var captures = Enumerable.Range(0, repeats).Select(_ => Capture(set, model, cache, threads)).ToList();
            var epochs = Epochs(set, cache, classes, threads, repeats + 1).Skip(1); // the first one warms up
            return new(
                rows, classes, Output.Median(captures), Output.Median(epochs),
                Directory.GetFiles(cache).Sum(file => new FileInfo(file).Length));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static double Capture(TransferSet set, string model, string cache, int threads)
    {
        if (Directory.Exists(cache))
            Directory.Delete(cache, recursive: true);
        var options = new CaptureOptions
        {
            Teachers = [new() { Model = model, Preprocessing = new() { Scale = 1 / 255.0 } }],
            Device = "cpu",
            BatchSize = BatchSize,
            Threads = threads,
        };
        var start = Stopwatch.GetTimestamp();
        CacheCapture.Capture(set, options, cache, null, CancellationToken.None);
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    /// <summary>Seconds of the steps of epochs, one after the other.</summary>
    private static List<double> Epochs(TransferSet set, string cacheFolder, int classes, int threads, int count)
    {
        using var cache = LogitCache.Open(cacheFolder);
        var device = ComputeDevice.Open("cpu", threads);
        var student = new StudentOptions { Architecture = "mlp", Values = { ["widths"] = new[] { 32 } } };
        var options = new TrainingOptions { Epochs = count, BatchSize = BatchSize, Optimizer = new SgdOptions { LearningRate = 1e-3 } };
        var data = new TrainingData(set, new() { Scale = 1 / 255.0 }, cache, Validation: null);
        using var run = new LoopRun(
            Architectures.Build(student, set.SampleShape, classes, seed: 1), [new SoftTerm { Temperature = 4 }], data, cache.Streams, options,
            device, cacheFolder);

        var seconds = new List<double>();
        for (var epoch = 0; epoch < count; epoch++)
        {
            var start = Stopwatch.GetTimestamp();
            foreach (var batch in run.Batches.Epoch(epoch))
                run.Loop.TrainStep(batch);
            run.TakeLoss();
            seconds.Add(Stopwatch.GetElapsedTime(start).TotalSeconds);
        }
        return seconds;
    }
}
