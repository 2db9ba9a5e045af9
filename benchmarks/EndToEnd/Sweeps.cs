using System.Text.Json;
using OnnxKd.Benchmarks.Support;

namespace OnnxKd.Benchmarks.EndToEnd;

/// <summary>Twelve settings of temperature and alpha: one sweep against twelve runs of their own, both from nothing.</summary>
internal static class Sweeps
{
    private static readonly string[] Temperatures = ["1", "2", "4", "8"];
    private static readonly string[] Alphas = ["0.5", "0.9", "1"];

    /// <summary>The figures.</summary>
    /// <param name="SweepSeconds">Wall time of the sweep.</param>
    /// <param name="SeparateSeconds">Wall time of twelve runs.</param>
    /// <param name="SweepRatio">The first ÷ the second.</param>
    /// <param name="Captures">How often the sweep ran the teacher over the transfer set.</param>
    /// <param name="StageSeconds">Of the sweep: capture, trainings, verifications, figures.</param>
    /// <param name="OverheadShare">The rest of the sweep's time, such as starting and loading, ÷ all of it.</param>
    /// <param name="SameErrors">Whether both gave the same numbers of test errors.</param>
    public sealed record Result(
        double SweepSeconds, double SeparateSeconds, double SweepRatio, int Captures, double StageSeconds, double OverheadShare, bool SameErrors);

    /// <summary>Options: <c>--recipe</c>; <c>--epochs</c>; <c>--threads</c>.</summary>
    public static object Run(Arguments arguments)
    {
        var recipe = arguments.Text("recipe", "recipes/mnist.yaml")!;
        string[] common = ["--epochs", $"{arguments.Number("epochs", 3)}", "--threads", $"{arguments.Number("threads", 2)}", "--no-baseline", "--json"];
        arguments.RefuseTheRest();
        var folder = Directory.CreateTempSubdirectory("onnxkd-bench-").FullName;
        try
        {
            var (output, sweepSeconds) = CommandLine.OfThisCheckout.Run(
            [
                "sweep", recipe, "--runs", folder, "--name", "sweep", .. common,
                "--vary", $"temperature={string.Join(',', Temperatures)}", "--vary", $"alpha={string.Join(',', Alphas)}",
            ]);
            var alone = Temperatures.SelectMany(temperature => Alphas.Select(alpha => CommandLine.OfThisCheckout.Run(
            [
                "run", recipe, "--runs", folder, "--name", $"alone-{temperature}-{alpha}", .. common, "--temperature", temperature, "--alpha", alpha,
            ]))).ToArray();

            var stages = Directory.GetFiles(Path.Combine(folder, "sweep"), "stage.json", SearchOption.AllDirectories)
                .Sum(path => JsonDocument.Parse(File.ReadAllText(path)).RootElement.GetProperty("wall_seconds").GetDouble());
            var together = CommandLine.Figures(output).GetProperty("settings").EnumerateArray().Select(setting => Errors(setting.GetProperty("run")));
            var separate = alone.Sum(run => run.Seconds);
            return new Result(
                sweepSeconds, separate, sweepSeconds / separate, Directory.GetDirectories(Path.Combine(folder, "sweep"), "cache-*").Length,
                stages, 1 - stages / sweepSeconds, together.SequenceEqual(alone.Select(run => Errors(CommandLine.Figures(run.Output)))));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static int Errors(JsonElement run) => CommandLine.Model(run, "student")!.Value.GetProperty("errors").GetInt32();
}
