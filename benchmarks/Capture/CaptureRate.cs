using System.Diagnostics;
using OnnxKd.Benchmarks.EndToEnd;
using OnnxKd.Benchmarks.Support;
using OnnxKd.Core.Files;
using OnnxKd.Core.LogitCaches;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Progress;
using OnnxKd.Core.TransferSets;
using OnnxKd.TeacherRunner.Capture;
using OnnxKd.TeacherRunner.Teachers;

namespace OnnxKd.Benchmarks.Capture;

/// <summary>
/// A whole capture (open the teacher, hash the set, try the teacher, read, preprocess, run, check, encode, store, finish) against the fastest loop
/// there is, and against onnxruntime-node doing the same job with a session that is open and warm. Interleaved in one run; medians.
/// </summary>
internal static class CaptureRate
{
    /// <summary>The figures of all teachers; the ratios are the smallest of each.</summary>
    public sealed record Result(
        IReadOnlyList<TeacherResult> Teachers, double? CaptureRateRatio, double? SteadyRateRatio, double? CaptureOverNodeRatio);

    /// <summary>The figures of one. The steady rate is that of the rows after the first stored batch: without opening, trying and hashing.</summary>
    public sealed record TeacherResult(
        string Teacher, string Device, string Storage, int Rows, int BatchSize, int BareBatchSize, int Pairs, double? CaptureRowsPerSecond,
        double? BareRowsPerSecond, double? NodeRowsPerSecond, double? CaptureRateRatio, double? SteadyRateRatio, double? CaptureOverNodeRatio);

    /// <summary>Seconds of each side; of a capture also those that its rows would have taken at the pace after the first batch.</summary>
    private sealed record Round(double Capture, double Pace, double Bare, double? Node);

    /// <summary>A teacher to measure.</summary>
    private sealed record Subject(string Name, string Model, int[] Shape, int Rows, int BatchSize, StreamStorage Storage);

    /// <summary>
    /// Options: <c>--teacher mnist|pp-ocr|cnn|mlp|resnet50|PATH</c> (default: mnist, mlp and pp-ocr), <c>--rows</c>, <c>--batch-size</c>, <c>--pairs</c>;
    /// <c>--device</c>; <c>--peer node|none</c>: onnxruntime-node takes part on the CPU alone, where it is installed; <c>--picks session|host</c>:
    /// where the top k are picked (default: as a capture does); <c>--bare-batch-size same|best</c>: whether the bare loop takes the capture's
    /// batch size, or the fastest of it and its half, quarter and eighth.
    /// </summary>
    public static object Run(Arguments arguments)
    {
        var teacher = arguments.Text("teacher", null);
        var rows = arguments.Number("rows", 0);
        var batchSize = arguments.Number("batch-size", 0);
        var pairs = arguments.Number("pairs", 5);
        var device = arguments.Text("device", "cpu")!;
        var hasPeer = arguments.Choice("peer", "node", "none") == "node";
        bool? picksInSession = arguments.Text("picks", null) is { } picks ? picks == "session" : null;
        var triesSizes = arguments.Choice("bare-batch-size", "same", "best") == "best";
        arguments.RefuseTheRest();
        var folder = Directory.CreateTempSubdirectory("onnxkd-bench-").FullName;
        try
        {
            var subjects = (teacher is null ? ["mnist", "mlp", "pp-ocr"] : new[] { teacher }).Select(name => Find(name, folder));
            TeacherResult[] results =
            [
                .. subjects.Select(subject => Measure(
                    subject with { Rows = rows > 0 ? rows : subject.Rows, BatchSize = batchSize > 0 ? batchSize : subject.BatchSize },
                    Path.Combine(folder, subject.Name), pairs, device, hasPeer, picksInSession, triesSizes)),
            ];
            return new Result(
                results, results.Min(result => result.CaptureRateRatio), results.Min(result => result.SteadyRateRatio),
                results.Min(result => result.CaptureOverNodeRatio));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static Subject Find(string name, string folder)
    {
        var images = new Subject(name, "", [28, 28], Rows: 60_000, BatchSize: 256, new Float32());
        switch (name)
        {
            case "mnist":
                return images with { Model = Repository("models/mnist-cnn-1.onnx") };
            case "pp-ocr":
                var model = Path.Combine(DataFolder.Of("pp-ocr"), "ch_PP-OCRv4_rec_infer.onnx");
                return new(name, model, [3, 48, 320], Rows: 2560, BatchSize: 16, new TopK(16, [1, 4]));
            case "cnn" or "mlp":
                return images with { Model = Save(name == "cnn" ? SyntheticTeacher.Convolutional() : SyntheticTeacher.MultiLayer()) };
            case "resnet50":
                return new(name, Save(SyntheticResNet.Build()), [3, 224, 224], Rows: 2048, BatchSize: 64, new Float32());
            default:
                return images with { Name = Path.GetFileNameWithoutExtension(name), Model = name };
        }

        string Save(OnnxModel model)
        {
            var path = Path.Combine(folder, $"{name}.onnx");
            model.Save(path);
            return path;
        }
    }

    private static TeacherResult Measure(
        Subject subject, string folder, int pairs, string device, bool hasPeer, bool? picksInSession, bool triesSizes)
    {
        Directory.CreateDirectory(folder);
        var images = Path.Combine(folder, "images-idx-ubyte");
        SyntheticImages.Write(images, subject.Rows, subject.Shape);
        using var set = TransferSet.Open(new() { Samples = images });
        using var bare = new BareLoop(subject.Model, set, subject.BatchSize, device);
        if (triesSizes)
            bare.ChooseBatchSize(subject.Rows);
        var header = (int)(new FileInfo(images).Length - set.Count * set.SampleElements);
        using var node = hasPeer ? new NodeLoop(subject.Model, images, header, subject.BatchSize, bare.Sample, Path.Combine(folder, "node.bin")) : null;

        var half = subject.Rows / 2 / subject.BatchSize * subject.BatchSize;
        var rounds = new List<Round>();
        for (var round = -1; round < pairs; round++) // the first one warms up
        {
            // What drifts meets all three alike: theirs in halves, before and after ours.
            var (bareSeconds, nodeSeconds) = (bare.Run(0, half), node?.Run(0, half));
            var (captureSeconds, paceSeconds) = WholeCapture(subject, images, Path.Combine(folder, $"cache{round}"), device, picksInSession);
            nodeSeconds += node?.Run(half, subject.Rows - half);
            bareSeconds += bare.Run(half, subject.Rows - half);
            if (round >= 0)
                rounds.Add(new(captureSeconds, paceSeconds, bareSeconds, nodeSeconds));
        }

        double? Median(Func<Round, double?> figure, int digits = 4) =>
            figure(rounds[0]) is null ? null : Math.Round(Output.Median(rounds.Select(round => figure(round)!.Value)), digits);
        return new(
            subject.Name, device, subject.Storage.Name, subject.Rows, subject.BatchSize, bare.BatchSize, pairs,
            Median(r => subject.Rows / r.Capture, 1), Median(r => subject.Rows / r.Bare, 1), Median(r => subject.Rows / r.Node, 1), Median(r => r.Bare / r.Capture),
            Median(r => r.Bare / r.Pace), Median(r => r.Node / r.Capture));
    }

    private static (double Seconds, double Pace) WholeCapture(
        Subject subject, string images, string folder, string device, bool? picksInSession)
    {
        var start = Stopwatch.GetTimestamp();
        using var set = TransferSet.Open(new() { Samples = images });
        var options = new CaptureOptions
        {
            Teachers = [new() { Model = subject.Model, Preprocessing = new() { Scale = 1 / 255.0 } }],
            Device = device,
            BatchSize = subject.BatchSize,
            Storage = subject.Storage,
            PicksInSession = picksInSession,
        };
        var pace = new Pace();
        CacheCapture.Capture(set, options, folder, pace, CancellationToken.None);
        var seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        Directory.Delete(folder, recursive: true);
        return (seconds, pace.SecondsFor(subject.Rows));
    }

    /// <summary>Watches rows being stored.</summary>
    private sealed class Pace : IProgress<StageProgress>
    {
        private (double Rows, long Time)? first;
        private (double Rows, long Time) last;

        /// <inheritdoc/>
        public void Report(StageProgress value)
        {
            last = (value.Done, Stopwatch.GetTimestamp());
            if (value.Done > 0)
                first ??= last;
        }

        /// <summary>Seconds that so many rows take at the pace after the first batch.</summary>
        public double SecondsFor(int rows) =>
            rows * Stopwatch.GetElapsedTime(first!.Value.Time, last.Time).TotalSeconds / (last.Rows - first.Value.Rows);
    }

    private static string Repository(string path) => Path.Combine(CommandLine.OfThisCheckout.Checkout, path);
}
