using System.Globalization;
using System.Text.RegularExpressions;
using OnnxKd.Benchmarks.EndToEnd;
using OnnxKd.Benchmarks.Support;

namespace OnnxKd.Benchmarks.FirstTry;

/// <summary>
/// What a newcomer gets who names a teacher and samples and nothing else; the same with the numbers in the files multiplied or shifted; and, beside it,
/// the best of a small sweep by hand: four learning rates of AdamW, as many steps, batches of 64.
/// </summary>
internal static class FirstTries
{
    private const int Batch = 64;

    /// <summary>The figures of a case.</summary>
    /// <param name="Case">The case.</param>
    /// <param name="Agreement">With the teacher, on the test set.</param>
    /// <param name="ConstantAgreement">The agreement of a constant answer.</param>
    /// <param name="Kl">From the teacher, in nats.</param>
    /// <param name="SweepAgreement">The best of the sweep; <c>null</c>: not asked for.</param>
    /// <param name="Swaps">Whether the student runs in a session that was written for the teacher.</param>
    /// <param name="Seconds">From the command to the figures.</param>
    public sealed record Try(string Case, double Agreement, double ConstantAgreement, double Kl, double? SweepAgreement, bool Swaps, double Seconds);

    /// <summary>All of them.</summary>
    /// <param name="Tries">The cases.</param>
    /// <param name="Collapsed">Those that are no better than a constant answer.</param>
    /// <param name="Unswappable">Those whose student cannot take the teacher's place.</param>
    /// <param name="WorstLagPoints">The most that a case is behind its sweep, in percentage points.</param>
    /// <param name="WorstDifferencePoints">The largest difference in agreement between a case and its moved forms, in percentage points.</param>
    public sealed record Result(
        IReadOnlyList<Try> Tries, IReadOnlyList<string> Collapsed, IReadOnlyList<string> Unswappable, double? WorstLagPoints, double? WorstDifferencePoints);

    /// <summary>
    /// Options: <c>--quick</c>; <c>--case TEXT</c>: those whose name holds it; <c>--threads</c>; <c>--plain</c>: without the moved forms; <c>--sweep</c>: with the
    /// sweep.
    /// </summary>
    public static object Run(Arguments arguments)
    {
        var (isQuick, isPlain, sweeps) = (arguments.Flag("quick"), arguments.Flag("plain"), arguments.Flag("sweep"));
        var (wanted, threads) = (arguments.Text("case", "")!, arguments.Text("threads", $"{Environment.ProcessorCount}")!);
        arguments.RefuseTheRest();
        var folder = Directory.CreateTempSubdirectory("onnxkd-bench-").FullName;
        try
        {
            var (tries, differences) = (new List<Try>(), new List<double>());
            foreach (var (_, make) in FirstTryCase.All(CommandLine.Root, folder).Where(one => one.Name.Contains(wanted, StringComparison.Ordinal)))
            {
                var plain = make();
                var first = Measure(plain, sweeps);
                foreach (var moved in isPlain || plain.AreTokens ? [] : new[] { plain.Moved(1000, 0), plain.Moved(1, 10_000) })
                    differences.Add(Math.Abs(Measure(moved, withSweep: false).Agreement - first.Agreement));
            }

            return new Result(
                tries, [.. tries.Where(one => one.Agreement <= one.ConstantAgreement).Select(one => one.Case)], [.. tries.Where(one => !one.Swaps).Select(one => one.Case)],
                Points(tries.Select(one => one.SweepAgreement - one.Agreement)), Points(differences.Select(difference => (double?)difference)));

            Try Measure(FirstTryCase one, bool withSweep)
            {
                var place = Path.Combine(folder, $"{tries.Count}");
                string[] common = [.. one.Write(place), "--runs", Path.Combine(place, "runs"), "--threads", threads, "--json"];
                // A model whose scores nothing names as such, as a newcomer would be told.
                string[] named = [.. common, "--kind", "classes"];
                var (output, seconds) = CommandLine.OfThisCheckout.Run(["run", .. isQuick ? new[] { "--quick" } : [], .. named]);
                var student = CommandLine.Model(CommandLine.Figures(output), "student")!.Value;
                double? best = withSweep ? Sweep(one, place, named) : null;
                var swaps = Swap.Works(one, Path.Combine(place, FirstTryCase.TeacherFile), Path.Combine(place, "runs", "student", "student.onnx"));
                tries.Add(new(one.Name, Figure("agreement"), Figure("constant_agreement"), Figure("kl"), best, swaps, Math.Round(seconds, 1)));
                Directory.Delete(place, recursive: true);
                return tries[^1];

                double Figure(string name) => student.GetProperty(name).GetDouble();
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }

        double Sweep(FirstTryCase one, string place, string[] named)
        {
            var (epochs, size) = (Chosen("epochs"), Chosen("batch-size"));
            epochs = Math.Max(1, epochs * Steps(size) / Steps(Batch));
            var (output, _) = CommandLine.OfThisCheckout.Run(
                ["sweep", .. named, "--name", "by-hand", "--optimizer", "adamw", "--batch-size", $"{Batch}", "--epochs", $"{epochs}", "--vary", "lr=0.0003,0.001,0.003,0.01"]);
            return CommandLine.Figures(output).GetProperty("settings").EnumerateArray().Where(setting => setting.TryGetProperty("run", out _))
                .Max(setting => CommandLine.Model(setting.GetProperty("run"), "student")!.Value.GetProperty("agreement").GetDouble());

            int Steps(int batch) => (one.Train.Length / one.Elements + batch - 1) / batch;
            int Chosen(string key) => int.Parse(
                Regex.Match(File.ReadAllText(Path.Combine(place, "runs", "student", "recipe.yaml")), $@"^training:\n(?:  .*\n)*?  {key}: (\d+)", RegexOptions.Multiline).Groups[1].Value, CultureInfo.InvariantCulture);
        }
    }

    private static double? Points(IEnumerable<double?> shares) => shares.Max() is { } most ? Math.Round(100 * most, 2) : null;
}
