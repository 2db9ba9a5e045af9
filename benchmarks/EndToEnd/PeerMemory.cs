using System.Globalization;
using OnnxKd.Benchmarks.Support;
using OnnxKd.Benchmarks.Training;
using OnnxKd.Core.TransferSets;
using OnnxKd.StudentTrainer.Students;
using static TorchSharp.torch;

namespace OnnxKd.Benchmarks.EndToEnd;

/// <summary>
/// The most memory that a process ever holds (VmHWM: with its program and libraries), in a process of its own each time: a capture, and
/// trainings from what it stored, against PyTorch and against TorchSharp code doing the same.
/// </summary>
internal static class PeerMemory
{
    /// <summary>The first argument of a process of ours.</summary>
    public const string Child = "peak-memory-child";

    private const string TorchSharp = "torchsharp-";
    private static readonly string[] Students = ["mlp", "cnn"];

    /// <summary>
    /// Options: <c>--rows</c>, <c>--batch-size</c>, <c>--threads</c>, <c>--epochs</c>, <c>--pairs</c>; <c>--peer reads|holds</c>: what PyTorch does with
    /// the images of a training.
    /// </summary>
    public static object Run(Arguments arguments)
    {
        var rows = arguments.Number("rows", 12_800);
        var batchSize = arguments.Number("batch-size", 128);
        var threads = arguments.Number("threads", 2);
        var epochs = arguments.Number("epochs", 1);
        var pairs = arguments.Number("pairs", 3);
        var peer = arguments.Choice("peer", "reads", "holds");
        arguments.RefuseTheRest();
        var figures = new Dictionary<string, object>
        {
            ["rows"] = rows, ["batch_size"] = batchSize, ["threads"] = threads, ["epochs"] = epochs, ["pairs"] = pairs, ["peer"] = peer,
        };
        var folder = Directory.CreateTempSubdirectory("onnxkd-bench-").FullName;
        try
        {
            var work = new DistillationCase("mlp", rows, batchSize, folder);
            string[] settings = [$"{batchSize}", $"{threads}", $"{epochs}", peer];
            string cache = Path.Combine(folder, "cache"), logits = Path.Combine(folder, "logits.f32");
            Compare("capture", pairs, figures, () =>
            {
                if (Directory.Exists(cache))
                    Directory.Delete(cache, recursive: true);
                return (
                    PeakMemory.OfChild([Child, "capture", work.Images, work.Labels, cache, work.Teacher, .. settings]),
                    PeakMemory.OfPython("peak_memory.py", ["capture", work.Images, work.TeacherWeights, logits, .. settings]));
            });
            foreach (var student in Students)
            {
                var own = Directory.CreateDirectory(Path.Combine(folder, student)).FullName;
                var weights = new TrainingCase(student, [28, 28], rows: 1, own);
                Compare($"{student}_training", pairs, figures, () => (
                    PeakMemory.OfChild([Child, student, work.Images, work.Labels, cache, Path.Combine(own, "run"), .. settings]),
                    PeakMemory.OfPython("peak_memory.py", [student, work.Images, work.Labels, logits, weights.File, .. settings])),
                    () => PeakMemory.OfChild([Child, $"{TorchSharp}{student}", work.Images, work.Labels, logits, "", .. settings]));
            }
            return figures;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>Captures, or trains, then prints this process's peak.</summary>
    public static int RunChild(string[] arguments)
    {
        var (what, images, labels, cache, other) = (arguments[0], arguments[1], arguments[2], arguments[3], arguments[4]);
        var batchSize = int.Parse(arguments[5], CultureInfo.InvariantCulture);
        var threads = int.Parse(arguments[6], CultureInfo.InvariantCulture);
        var epochs = int.Parse(arguments[7], CultureInfo.InvariantCulture);
        using (var set = TransferSet.Open(new() { Samples = images, Labels = labels }))
        {
            if (what.StartsWith(TorchSharp, StringComparison.Ordinal))
            {
                set_num_threads(threads);
                TorchSharpLoop.Train(what[TorchSharp.Length..], images, labels, logits: cache, epochs, batchSize);
            }
            else if (what == "capture")
                OurDistillation.Capture(set, teacher: other, cache, batchSize, threads);
            else
            {
                var student = Architectures.Build(new() { Architecture = what }, set.SampleShape, classes: 10, seed: 1);
                var folder = Directory.CreateDirectory(other);
                OurDistillation.Train(set, student, cache, folder.FullName, epochs, batchSize, threads);
                folder.Delete(recursive: true);
            }
        }

        Console.WriteLine(PeakMemory.OfThisProcess().ToString(CultureInfo.InvariantCulture));
        return 0;
    }

    private static void Compare(
        string what, int pairs, Dictionary<string, object> figures, Func<(double Ours, double Theirs)> run, Func<double>? torchSharp = null)
    {
        var peaks = Enumerable.Range(0, pairs).Select(_ => run()).ToList();
        if (torchSharp is not null)
        {
            var others = peaks.Select(pair => (pair.Ours, Theirs: torchSharp())).ToList();
            figures[$"{what}_megabytes_torchsharp"] = Math.Round(Output.Median(others.Select(pair => pair.Theirs)), 1);
            figures[$"{what}_torchsharp_memory_ratio"] = Math.Round(Output.Median(others.Select(pair => pair.Ours / pair.Theirs)), 4);
        }
        figures[$"{what}_megabytes"] = Math.Round(Output.Median(peaks.Select(pair => pair.Ours)), 1);
        figures[$"{what}_megabytes_pytorch"] = Math.Round(Output.Median(peaks.Select(pair => pair.Theirs)), 1);
        figures[$"{what}_memory_ratio"] = Math.Round(Output.Median(peaks.Select(pair => pair.Ours / pair.Theirs)), 4);
    }
}
