using System.Diagnostics;
using System.Globalization;
using OnnxKd.Benchmarks.Support;
using OnnxKd.Core.TransferSets;
using OnnxKd.TeacherRunner.Capture;

namespace OnnxKd.Benchmarks.Capture;

/// <summary>The most memory that a capture ever holds (VmHWM), each in a process of its own, on a set and on one ten times as long.</summary>
internal static class CaptureMemory
{
    /// <summary>The first argument of the process that captures.</summary>
    public const string Child = "capture-memory-child";

    /// <summary>The figures.</summary>
    public sealed record Result(int Rows, double PeakMegabytes, double PeakMegabytesTenTimesTheRows, double CapturePeakMemoryRatio);

    /// <summary>Option: <c>--rows</c> of the smaller set.</summary>
    public static object Run(Arguments arguments)
    {
        var rows = arguments.Number("rows", 60_000);
        arguments.RefuseTheRest();
        var once = Peak(rows);
        var tenTimes = Peak(10 * rows);
        return new Result(rows, Math.Round(once, 1), Math.Round(tenTimes, 1), Math.Round(tenTimes / once, 4));
    }

    /// <summary>Captures, then prints this process's peak.</summary>
    public static int RunChild(string[] arguments)
    {
        var (model, images, folder) = (arguments[0], arguments[1], arguments[2]);
        using (var set = TransferSet.Open(new() { Samples = images }))
        {
            var options = new CaptureOptions { Teachers = [new() { Model = model, Preprocessing = new() { Scale = 1 / 255.0 } }], Device = "cpu" };
            CacheCapture.Capture(set, options, folder, null, CancellationToken.None);
        }

        Console.WriteLine(PeakKilobytes().ToString(CultureInfo.InvariantCulture));
        return 0;
    }

    private static double Peak(int rows)
    {
        var folder = Directory.CreateTempSubdirectory("onnxkd-bench-").FullName;
        try
        {
            string model = Path.Combine(folder, "teacher.onnx"), images = Path.Combine(folder, "images-idx3-ubyte");
            SyntheticTeacher.Layers(784, 256, 10).Save(model);
            SyntheticImages.Write(images, rows);
            using var child = Process.Start(new ProcessStartInfo(
                Environment.ProcessPath!, [typeof(CaptureMemory).Assembly.Location, Child, model, images, Path.Combine(folder, "cache")])
            {
                RedirectStandardOutput = true,
            })!;
            var kilobytes = child.StandardOutput.ReadToEnd();
            child.WaitForExit();
            return double.Parse(kilobytes, CultureInfo.InvariantCulture) / 1024;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static long PeakKilobytes() => long.Parse(
        File.ReadLines("/proc/self/status").First(l => l.StartsWith("VmHWM:", StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[1],
        CultureInfo.InvariantCulture);
}
