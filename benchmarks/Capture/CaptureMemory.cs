using System.Globalization;
using OnnxKd.Benchmarks.Support;
using OnnxKd.Core.TransferSets;
using OnnxKd.TeacherRunner.Capture;
using OnnxKd.TeacherRunner.Teachers;

namespace OnnxKd.Benchmarks.Capture;

/// <summary>
/// The most memory that a capture ever holds (VmHWM), each in a process of its own: on a set, on one ten times as long, and that of a bare
/// ONNX Runtime loop over as many rows, which reads them as it goes.
/// </summary>
internal static class CaptureMemory
{
    /// <summary>The first argument of the process that captures.</summary>
    public const string Child = "capture-memory-child";

    private const int BatchSize = 256;

    /// <summary>The figures.</summary>
    public sealed record Result(
        int Rows, double PeakMegabytes, double PeakMegabytesTenTimesTheRows, double PeakMegabytesBareLoop, double CapturePeakMemoryRatio,
        double CaptureOverBareMemoryRatio);

    /// <summary>Options: <c>--rows</c> of the smaller set; <c>--teacher PATH</c> of images of 28 × 28 (default: 784-256-10).</summary>
    public static object Run(Arguments arguments)
    {
        var rows = arguments.Number("rows", 60_000);
        var teacher = arguments.Text("teacher", null);
        arguments.RefuseTheRest();
        var (once, tenTimes, bare) = (Peak(rows, teacher, "capture"), Peak(10 * rows, teacher, "capture"), Peak(rows, teacher, "bare"));
        return new Result(
            rows, Math.Round(once, 1), Math.Round(tenTimes, 1), Math.Round(bare, 1), Math.Round(tenTimes / once, 4), Math.Round(once / bare, 4));
    }

    /// <summary>Captures, or runs the bare loop, then prints this process's peak.</summary>
    public static int RunChild(string[] arguments)
    {
        var (how, model, images, folder) = (arguments[0], arguments[1], arguments[2], arguments[3]);
        using (var set = TransferSet.Open(new() { Samples = images }))
        {
            if (how == "bare")
            {
                using var loop = new BareLoop(model, set, BatchSize, "cpu", inMemory: false);
                loop.Run(0, (int)set.Count);
            }
            else
            {
                var teacher = new TeacherOptions { Model = model, Preprocessing = new() { Scale = 1 / 255.0 } };
                var options = new CaptureOptions { Teachers = [teacher], Device = "cpu", BatchSize = BatchSize };
                CacheCapture.Capture(set, options, folder, null, CancellationToken.None);
            }
        }

        Console.WriteLine(PeakMemory.OfThisProcess().ToString(CultureInfo.InvariantCulture));
        return 0;
    }

    private static double Peak(int rows, string? teacher, string how)
    {
        var folder = Directory.CreateTempSubdirectory("onnxkd-bench-").FullName;
        try
        {
            string model = teacher ?? Path.Combine(folder, "teacher.onnx"), images = Path.Combine(folder, "images-idx3-ubyte");
            if (teacher is null)
                SyntheticTeacher.Layers(784, 256, 10).Save(model);
            SyntheticImages.Write(images, rows);
            return PeakMemory.OfChild(Child, how, model, images, Path.Combine(folder, "cache"));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
