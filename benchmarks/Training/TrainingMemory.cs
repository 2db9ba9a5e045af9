using System.Globalization;
using OnnxKd.Benchmarks.Support;
using OnnxKd.Core.LogitCaches;
using OnnxKd.Core.Preparation;
using OnnxKd.Core.TransferSets;
using OnnxKd.StudentTrainer.Optimizers;
using OnnxKd.StudentTrainer.Runtime;
using OnnxKd.StudentTrainer.Students;
using OnnxKd.StudentTrainer.Terms;
using OnnxKd.StudentTrainer.Training;

namespace OnnxKd.Benchmarks.Training;

/// <summary>
/// The most memory that a process ever holds (VmHWM, with its libraries) while it trains one epoch from a logit cache: a small one, and one
/// that is many times as large as that memory.
/// </summary>
internal static class TrainingMemory
{
    /// <summary>The first argument of the process that trains.</summary>
    public const string Child = "training-memory-child";

    private const int Classes = 10_000;
    private const int BatchSize = 64;

    /// <summary>The figures.</summary>
    public sealed record Result(
        double CacheMegabytes, double LargeCacheMegabytes, double PeakMegabytes, double PeakMegabytesLargeCache, double TrainingPeakMemoryRatio,
        double PeakOverLargeCacheRatio);

    /// <summary>Option: <c>--cache-mib</c> of the large one.</summary>
    public static object Run(Arguments arguments)
    {
        var mebibytes = arguments.Number("cache-mib", 4096);
        arguments.RefuseTheRest();
        var small = Peak(mebibytes / 32);
        var large = Peak(mebibytes);
        return new Result(
            Math.Round(small.Cache, 1), Math.Round(large.Cache, 1), Math.Round(small.Peak, 1), Math.Round(large.Peak, 1),
            Math.Round(large.Peak / small.Peak, 4), Math.Round(large.Peak / large.Cache, 4));
    }

    /// <summary>Trains, then prints this process's peak.</summary>
    public static int RunChild(string[] arguments)
    {
        using var set = TransferSet.Open(new() { Samples = arguments[0] });
        using var cache = LogitCache.Open(arguments[1]);
        var device = ComputeDevice.Open("cpu", threads: 1);
        var options = new TrainingOptions { Epochs = 1, BatchSize = BatchSize, Optimizer = new SgdOptions { LearningRate = 1e-3 } };
        using var run = new LoopRun(
            Architectures.Build(Student, set.SampleShape, Classes, seed: 1), [new SoftTerm { Temperature = 2 }],
            new(set, Preprocessing.None, cache, null), cache.Streams, options, device, arguments[1]);
        foreach (var batch in run.Batches.Epoch(0))
            run.Loop.TrainStep(batch);
        run.TakeLoss();
        Console.WriteLine(PeakMemory.OfThisProcess().ToString(CultureInfo.InvariantCulture));
        return 0;
    }

    private static StudentOptions Student => new() { Architecture = "mlp", Values = { ["widths"] = new[] { 8 } } };

    private static (double Cache, double Peak) Peak(int mebibytes)
    {
        var folder = Directory.CreateTempSubdirectory("onnxkd-bench-").FullName;
        try
        {
            string images = Path.Combine(folder, "images-idx-ubyte"), cache = Path.Combine(folder, "cache");
            SyntheticImages.Write(images, (int)((long)mebibytes * 1048576 / (Classes * sizeof(float))));
            WriteCache(images, cache);
            return (
                Directory.GetFiles(cache).Sum(file => new FileInfo(file).Length) / 1048576.0,
                PeakMemory.OfChild(Child, images, cache));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static void WriteCache(string images, string folder)
    {
        using var set = TransferSet.Open(new() { Samples = images });
        var identity = new CacheIdentity
        {
            Teachers = [new("teacher.onnx", new string('0', 64), "input", "logits", StreamKind.Logit, 1, Preprocessing.None)],
            Combination = Combination.Single,
            Streams = [new CacheStream("logits", "logits", Teacher: 0, StreamKind.Logit, [Classes], new Float32())],
            Provider = "cpu",
            Precision = "fp32",
            Augmentation = Augmentation.None,
            Seed = 0,
            Views = 1,
            SamplesDigest = set.SamplesDigest,
            Samples = set.Count,
        };
        var random = new Random(1);
        var batch = new float[BatchSize * Classes];
        for (var i = 0; i < batch.Length; i++)
            batch[i] = 6 * random.NextSingle() - 3;
        using var writer = LogitCacheWriter.OpenOrResume(folder, identity, BatchSize);
        for (long row = 0; row < set.Count; row += BatchSize)
            writer.Append(batch.AsMemory(0, (int)Math.Min(BatchSize, set.Count - row) * Classes));
        writer.Complete();
    }
}
