using System.Diagnostics;
using OnnxKd.Benchmarks.Support;
using OnnxKd.Core.LogitCaches;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Preparation;
using OnnxKd.Core.Randomness;
using OnnxKd.Core.Safetensors;
using OnnxKd.Core.TransferSets;
using OnnxKd.StudentTrainer.Batches;
using OnnxKd.StudentTrainer.Graph;
using OnnxKd.StudentTrainer.Graph.Import;
using OnnxKd.StudentTrainer.Optimizers;
using OnnxKd.StudentTrainer.Runtime;
using OnnxKd.StudentTrainer.Signals;
using OnnxKd.StudentTrainer.Students;
using OnnxKd.StudentTrainer.Terms;
using OnnxKd.StudentTrainer.Training;
using static TorchSharp.torch;

namespace OnnxKd.Benchmarks.Training;

/// <summary>
/// What reading a cache costs a training: the time that the loop waits for a batch, and the time that reading the teacher's part of a batch
/// takes when nothing else runs, each ÷ the time of a step. The second is the most that reading can take from the step's cores.
/// </summary>
internal static class CacheReading
{
    private const double Temperature = 2;

    private static readonly (string Name, string Architecture, int[] Sample, int Classes, int BatchSize)[] Cases =
        [("mnist", "cnn", [28, 28], 10, 128), ("recogniser", "ctc-conv", [3, 32, 160], 6625, 16)];

    private static readonly StreamStorage[] Storages =
        [new Float32(), new Float16(), new Int8(), new TopK(16, [1, Temperature]), new Sampled(50, Temperature)];

    /// <summary>Options: <c>--cases A,B</c>, <c>--batches</c>, <c>--threads</c>.</summary>
    public static object Run(Arguments arguments)
    {
        var names = arguments.Text("cases", string.Join(',', Cases.Select(c => c.Name)))!.Split(',');
        var batches = arguments.Number("batches", 12);
        var threads = arguments.Number("threads", 2);
        arguments.RefuseTheRest();
        var figures = new Dictionary<string, object> { ["threads"] = threads, ["batches"] = batches };
        foreach (var (name, architecture, sample, classes, batchSize) in Cases.Where(c => names.Contains(c.Name)))
        {
            var folder = Directory.CreateTempSubdirectory("onnxkd-bench-").FullName;
            try
            {
                using var set = WriteSamples(folder, sample, batches * batchSize);
                var student = Architectures.Build(new() { Architecture = architecture }, sample, classes, seed: 1);
                foreach (var storage in Storages.Where(s => s is not TopK { K: var k } || k < classes))
                    Measure($"{name}_{storage.Name}", new(student, set, classes, storage, batchSize, threads, folder), figures);
            }
            finally
            {
                Directory.Delete(folder, recursive: true);
            }
        }
        return figures;
    }

    private sealed record Case(
        OnnxModel Student, TransferSet Set, int Classes, StreamStorage Storage, int BatchSize, int Threads, string Folder);

    private static void Measure(string name, Case work, Dictionary<string, object> figures)
    {
        var device = ComputeDevice.Open("cpu", work.Threads);
        using var cache = WriteCache(work, Shape(work, device));
        var data = new TrainingData(work.Set, Preprocessing.None, cache, null);
        var options = new TrainingOptions { Epochs = 1, BatchSize = work.BatchSize, Optimizer = new SgdOptions { LearningRate = 1e-3 } };
        using var run = new LoopRun(
            work.Student, [new SoftTerm { Temperature = Temperature }], data, cache.Streams, options, device, work.Folder);
        using var alone = new TargetBuffers(cache, StreamForm.Of(cache.Stream()), work.BatchSize, device);

        var (waits, steps, reads) = (new List<double>(), new List<double>(), new List<double>());
        var last = Stopwatch.GetTimestamp();
        foreach (var batch in run.Batches.Epoch(0))
        {
            waits.Add(Elapsed(ref last));
            run.Loop.TrainStep(batch);
            steps.Add(Elapsed(ref last) + waits[^1]);
        }
        foreach (var batch in run.Batches.Epoch(0))
        {
            Elapsed(ref last);
            alone.Fill(batch.Rows.Span, view: 0);
            reads.Add(Elapsed(ref last));
        }

        // The first batch is waited for by nature, and the first step warms up.
        var step = Output.Median(steps.Skip(1));
        figures[$"{name}_bytes_per_sample"] = cache.Identity.BytesPerRow;
        figures[$"{name}_step_ms"] = Math.Round(1000 * step, 3);
        figures[$"{name}_wait_share"] = Math.Round(waits.Skip(1).Sum() / steps.Skip(1).Sum(), 4);
        figures[$"{name}_read_share"] = Math.Round(Output.Median(reads) / step, 4);
    }

    private static double Elapsed(ref long since)
    {
        var seconds = Stopwatch.GetElapsedTime(since).TotalSeconds;
        since = Stopwatch.GetTimestamp();
        return seconds;
    }

    private static int[] Shape(Case work, Device device)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        var graph = StudentGraph.Import(work.Student);
        var program = graph.Compile(graph.FindLogits());
        using var weights = WeightSet.Load(program.Plan, device, trainable: false);
        long[] shape = [1, .. program.Input.Fit(work.Set.SampleShape)];
        return [.. program.Run(weights, zeros(shape), training: false)[0].shape[1..].Select(size => (int)size)];
    }

    private static TransferSet WriteSamples(string folder, int[] shape, int rows)
    {
        var path = Path.Combine(folder, "samples.safetensors");
        var values = Normal(rows * shape.Aggregate(1, (product, size) => product * size), 1);
        SafetensorsWriter.Write(path, [SafetensorsTensor.From("samples", values, [rows, .. shape])]);
        return TransferSet.Open(new() { Samples = path });
    }

    private static LogitCache WriteCache(Case work, int[] shape)
    {
        var path = Path.Combine(work.Folder, work.Storage.Name);
        var stream = new CacheStream("logits", "logits", Teacher: 0, StreamKind.Logit, shape, work.Storage);
        var identity = new CacheIdentity
        {
            Teachers = [new("teacher.onnx", new string('0', 64), "input", "logits", StreamKind.Logit, 1, Preprocessing.None)],
            Combination = Combination.Single,
            Streams = [stream],
            Provider = "cpu",
            Precision = "fp32",
            Augmentation = Augmentation.None,
            Seed = 0,
            Views = 1,
            SamplesDigest = work.Set.SamplesDigest,
            Samples = work.Set.Count,
        };
        var batch = Normal(work.BatchSize * stream.Values, 3);
        using (var writer = LogitCacheWriter.OpenOrResume(path, identity, work.BatchSize))
        {
            for (long row = 0; row < work.Set.Count; row += work.BatchSize)
                writer.Append(batch);
            writer.Complete();
        }
        return LogitCache.Open(path);
    }

    private static float[] Normal(int count, double deviation)
    {
        var random = new CounterRandom(1, RandomPurpose.Augmentation);
        var values = new float[count];
        for (var i = 0; i < count; i++)
            values[i] = (float)(deviation * random.NextGaussian());
        return values;
    }
}
