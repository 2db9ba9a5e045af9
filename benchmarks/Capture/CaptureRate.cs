using System.Diagnostics;
using Microsoft.ML.OnnxRuntime;
using OnnxKd.Benchmarks.Support;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Preparation;
using OnnxKd.Core.TransferSets;
using OnnxKd.TeacherRunner.Capture;

namespace OnnxKd.Benchmarks.Capture;

/// <summary>
/// A whole capture (open the teacher, hash the set, read, preprocess, run, check, store, finish) against the fastest loop there
/// is: a warm session that runs the same batches, already in memory, and keeps nothing. Paired and interleaved; medians.
/// </summary>
internal static class CaptureRate
{
    /// <summary>The figures.</summary>
    public sealed record Result(
        string Teacher, int Rows, int BatchSize, int Pairs, double CaptureRowsPerSecond, double BareRowsPerSecond, double CaptureRateRatio);

    /// <summary>Options: <c>--teacher cnn|mlp|PATH</c>, <c>--rows</c>, <c>--batch-size</c>, <c>--pairs</c>.</summary>
    public static object Run(Arguments arguments)
    {
        var teacher = arguments.Text("teacher", "cnn")!;
        var rows = arguments.Number("rows", 60_000);
        var batchSize = arguments.Number("batch-size", 256);
        var pairs = arguments.Number("pairs", 5);
        arguments.RefuseTheRest();
        var folder = Directory.CreateTempSubdirectory("onnxkd-bench-").FullName;
        try
        {
            var model = teacher switch
            {
                "cnn" => SyntheticTeacher.Convolutional(),
                "mlp" => SyntheticTeacher.MultiLayer(),
                _ => OnnxModel.Load(teacher),
            };
            var path = Path.Combine(folder, "teacher.onnx");
            model.Save(path);
            var images = Path.Combine(folder, "images-idx3-ubyte");
            SyntheticImages.Write(images, rows);

            var bare = new List<double>();
            var capture = new List<double>();
            for (var pair = -1; pair < pairs; pair++) // the first pair warms up
            {
                var bareSeconds = BareLoop(model, path, images, batchSize);
                var captureSeconds = WholeCapture(path, images, batchSize, Path.Combine(folder, $"cache{pair}"));
                if (pair < 0)
                    continue;
                bare.Add(bareSeconds);
                capture.Add(captureSeconds);
            }

            return new Result(
                teacher, rows, batchSize, pairs, Math.Round(rows / Output.Median(capture), 1), Math.Round(rows / Output.Median(bare), 1),
                Math.Round(Output.Median(bare.Zip(capture, (b, c) => b / c)), 4));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static double WholeCapture(string model, string images, int batchSize, string folder)
    {
        var start = Stopwatch.GetTimestamp();
        using var set = TransferSet.Open(new() { Samples = images });
        var options = new CaptureOptions
        {
            Teachers = [new() { Model = model, Preprocessing = new() { Scale = 1 / 255.0 } }],
            Device = "cpu",
            BatchSize = batchSize,
        };
        CacheCapture.Capture(set, options, folder, null, CancellationToken.None);
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    private static double BareLoop(OnnxModel model, string path, string images, int batchSize)
    {
        using var set = TransferSet.Open(new() { Samples = images });
        var all = new float[set.Count * set.SampleElements];
        var rows = Enumerable.Range(0, (int)set.Count).Select(i => (long)i).ToArray();
        new SampleReader(set, new() { Scale = 1 / 255.0 }, Augmentation.None, 0).Read(rows, 0, all);

        using var options = new SessionOptions { IntraOpNumThreads = Environment.ProcessorCount, InterOpNumThreads = 1 };
        using var session = new InferenceSession(path, options);
        using var run = new RunOptions();
        var sample = model.Proto.Graph.Input[0].Type.TensorType.Shape.Dim.Skip(1).Select(d => d.DimValue).ToArray();
        string[] inputs = [.. session.InputNames], outputs = [.. session.OutputNames];

        Pass(rows.Length / 10);
        var start = Stopwatch.GetTimestamp();
        Pass(rows.Length);
        return Stopwatch.GetElapsedTime(start).TotalSeconds;

        void Pass(int count)
        {
            for (var first = 0; first < count; first += batchSize)
            {
                var length = Math.Min(batchSize, count - first);
                var memory = all.AsMemory(first * set.SampleElements, length * set.SampleElements);
                using var input = OrtValue.CreateTensorValueFromMemory(OrtMemoryInfo.DefaultInstance, memory, [length, .. sample]);
                using var results = session.Run(run, inputs, [input], outputs);
            }
        }
    }
}
