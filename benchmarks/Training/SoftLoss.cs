using System.Diagnostics;
using OnnxKd.Benchmarks.Support;
using OnnxKd.Core.Randomness;
using OnnxKd.StudentTrainer.Runtime;
using OnnxKd.StudentTrainer.Signals;
using OnnxKd.StudentTrainer.Terms;
using static TorchSharp.torch;
using static TorchSharp.torch.nn.functional;

namespace OnnxKd.Benchmarks.Training;

/// <summary>
/// The soft loss and its gradient with respect to the logits, on targets in several storages, against the chain of log_softmax and kl_div
/// that a TorchSharp user writes, on float32 in the same process. Both sides take turns.
/// </summary>
internal static class SoftLoss
{
    private const double Temperature = 4;
    private const int K = 16;
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(1);

    /// <summary>Below this, pages of memory are too coarse a measure.</summary>
    private const int MeasurableBytes = 1_000_000;

    /// <summary>Options: <c>--classes A,B</c>, <c>--rows</c>, <c>--threads</c>, <c>--blocks</c>, <c>--block-ms</c>.</summary>
    public static object Run(Arguments arguments)
    {
        var classes = arguments.Text("classes", "10,1000,6625,50000")!.Split(',').Select(int.Parse).ToArray();
        var rows = arguments.Number("rows", 128);
        var threads = arguments.Number("threads", 2);
        var blocks = arguments.Number("blocks", 9);
        var blockSeconds = arguments.Number("block-ms", 200) / 1000.0;
        arguments.RefuseTheRest();

        ComputeDevice.Open("cpu", threads);
        var figures = new Dictionary<string, object> { ["rows"] = rows, ["threads"] = threads, ["temperature"] = Temperature };
        foreach (var count in classes)
            Measure(rows, count, blocks, blockSeconds, figures);
        return figures;
    }

    private static void Measure(int rows, int classes, int blocks, double blockSeconds, Dictionary<string, object> figures)
    {
        using var scope = NewDisposeScope();
        var random = new CounterRandom(1, RandomPurpose.Augmentation, (ulong)classes);
        var logits = tensor(Normal(ref random, rows * classes, 1), [rows, classes], requires_grad: true);
        var teacher = tensor(Normal(ref random, rows * classes, 3), [rows, classes]);
        var theirs = new Side(logits, () => Chain(logits, teacher));
        theirs.Run(2);
        var theirBytes = ProcessMemory.GrowthDuring(() => theirs.Run(1));
        figures[$"classes_{classes}_chain_peak_mb"] = Math.Round(theirBytes / 1e6, 2);
        foreach (var (storage, targets) in Forms(teacher))
        {
            var term = new SoftTerm { Temperature = Temperature };
            var signals = new TermSignals(
                new Dictionary<string, Tensor> { [SignalUse.StudentKey] = logits },
                new Dictionary<string, StreamSignal> { [SignalUse.TeacherKey] = targets }, null, 0);
            var ours = new Side(logits, () => term.Compute(signals));
            var name = $"classes_{classes}_{storage}";
            ours.Run(2);
            var bytes = ProcessMemory.GrowthDuring(() => ours.Run(1));
            for (var start = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(start) < WarmUp;)
                Both(ours, theirs, 2); // so long that the code is compiled for good
            var steps = 2 * Math.Max(1, (int)(blockSeconds / (Both(ours, theirs, 4).Ours / 4) / 2));
            var pairs = Enumerable.Range(0, blocks).Select(_ => Both(ours, theirs, steps)).ToList();
            if (storage == "float32")
                figures[$"{name}_loss_difference"] = Math.Abs(ours.Run(1).Loss - theirs.Run(1).Loss);
            figures[$"{name}_us"] = Math.Round(1e6 * Output.Median(pairs.Select(pair => pair.Ours)) / steps, 1);
            figures[$"{name}_chain_us"] = Math.Round(1e6 * Output.Median(pairs.Select(pair => pair.Theirs)) / steps, 1);
            figures[$"{name}_time_ratio"] = Math.Round(Output.Median(pairs.Select(pair => pair.Ours / pair.Theirs)), 4);
            figures[$"{name}_fastest_time_ratio"] = Math.Round(pairs.Min(pair => pair.Ours) / pairs.Min(pair => pair.Theirs), 4);
            figures[$"{name}_peak_mb"] = Math.Round(bytes / 1e6, 2);
            if (theirBytes >= MeasurableBytes)
                figures[$"{name}_memory_ratio"] = Math.Round((double)bytes / theirBytes, 4);
        }
    }

    private static Tensor Chain(Tensor logits, Tensor teacher) => Temperature * Temperature / logits.shape[0] * kl_div(
        log_softmax(logits / Temperature, 1), log_softmax(teacher / Temperature, 1), log_target: true, reduction: nn.Reduction.Sum);

    /// <summary>The same teacher in several storages.</summary>
    private static IEnumerable<(string Storage, TargetScores Targets)> Forms(Tensor teacher)
    {
        yield return ("float32", new DenseScores(teacher));
        yield return ("float16", new DenseScores(teacher.to(float16)));
        if (teacher.shape[1] <= K)
            yield break;
        var (kept, ids) = teacher.topk(K, 1);
        var dropped = teacher.div(Temperature).scatter(1, ids, full_like(kept, double.NegativeInfinity));
        yield return ("top16", new TopKScores(ids, kept.to(float16), dropped.logsumexp(1, keepdim: true), [Temperature]));
    }

    /// <summary>Ours between two halves of theirs: what drifts meets both alike. The number of times is even.</summary>
    private static (double Ours, double Theirs) Both(Side ours, Side theirs, int times)
    {
        var before = theirs.Run(times / 2).Seconds;
        var middle = ours.Run(times).Seconds;
        return (middle, before + theirs.Run(times / 2).Seconds);
    }

    /// <summary>A loss, and its gradient with respect to the logits.</summary>
    private sealed class Side(Tensor logits, Func<Tensor> compute)
    {
        public (double Seconds, double Loss) Run(int times)
        {
            var start = Stopwatch.GetTimestamp();
            var last = 0.0;
            for (var i = 0; i < times; i++)
            {
                using var step = NewDisposeScope();
                var loss = compute();
                loss.backward();
                logits.grad = null;
                if (i == times - 1)
                    last = loss.item<float>();
            }
            return (Stopwatch.GetElapsedTime(start).TotalSeconds, last);
        }
    }

    private static float[] Normal(ref CounterRandom random, int count, double deviation)
    {
        var values = new float[count];
        for (var i = 0; i < count; i++)
            values[i] = (float)(deviation * random.NextGaussian());
        return values;
    }
}
