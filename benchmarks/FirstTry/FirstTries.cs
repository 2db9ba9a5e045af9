using OnnxKd.Benchmarks.EndToEnd;
using OnnxKd.Benchmarks.Support;

namespace OnnxKd.Benchmarks.FirstTry;

/// <summary>What a newcomer gets who names a teacher and samples and nothing else; and the same with the numbers in the files multiplied or shifted.</summary>
internal static class FirstTries
{
    /// <summary>The figures of a case.</summary>
    /// <param name="Case">The case.</param>
    /// <param name="Agreement">With the teacher, on the test set.</param>
    /// <param name="Majority">The agreement of a constant answer.</param>
    /// <param name="Kl">From the teacher, in nats.</param>
    /// <param name="Seconds">From the command to the figures.</param>
    public sealed record Try(string Case, double Agreement, double Majority, double Kl, double Seconds);

    /// <summary>All of them.</summary>
    /// <param name="Tries">The cases.</param>
    /// <param name="Collapsed">Those that are no better than a constant answer.</param>
    /// <param name="WorstDifferencePoints">The largest difference in agreement between a case and its moved forms, in percentage points.</param>
    public sealed record Result(IReadOnlyList<Try> Tries, IReadOnlyList<string> Collapsed, double WorstDifferencePoints);

    /// <summary>Options: <c>--quick</c>; <c>--case TEXT</c>: those whose name holds it; <c>--threads</c>.</summary>
    public static object Run(Arguments arguments)
    {
        string[] more = arguments.Flag("quick") ? ["--quick"] : [];
        var (wanted, threads) = (arguments.Text("case", "")!, arguments.Text("threads", $"{Environment.ProcessorCount}")!);
        arguments.RefuseTheRest();
        var folder = Directory.CreateTempSubdirectory("onnxkd-bench-").FullName;
        try
        {
            var (tries, worst) = (new List<Try>(), 0.0);
            foreach (var plain in FirstTryCase.All(CommandLine.Root).Where(one => one.Name.Contains(wanted, StringComparison.Ordinal)))
            {
                var first = Measure(plain);
                foreach (var moved in new[] { plain.Moved(1000, 0), plain.Moved(1, 10_000) })
                    worst = Math.Max(worst, Math.Abs(Measure(moved).Agreement - first.Agreement));
            }

            return new Result(tries, [.. tries.Where(one => one.Agreement <= one.Majority).Select(one => one.Case)], Math.Round(100 * worst, 2));

            Try Measure(FirstTryCase one)
            {
                var place = Path.Combine(folder, $"{tries.Count}");
                var (output, seconds) = CommandLine.OfThisCheckout.Run(
                    ["run", .. more, .. one.Write(place), "--runs", Path.Combine(place, "runs"), "--threads", threads, "--json"]);
                var student = CommandLine.Model(CommandLine.Figures(output), "student")!.Value;
                tries.Add(new(one.Name, Figure("agreement"), Figure("majority"), Figure("kl"), Math.Round(seconds, 1)));
                Directory.Delete(place, recursive: true);
                return tries[^1];

                double Figure(string name) => student.GetProperty(name).GetDouble();
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
