using OnnxKd.Benchmarks.Support;
using OnnxKd.Pipeline.Commands;

namespace OnnxKd.Benchmarks.Papers;

/// <summary>
/// Runs what is missing of the papers' experiments, with one thread each, and writes docs/experiments.md from the records of all runs that were finished, here or
/// elsewhere. What has a record is not run again, and a run that was stopped goes on.
/// </summary>
internal static class PaperExperiments
{
    /// <summary>The values of one line, a seed each.</summary>
    public sealed record Line(string What, double? Paper, double[] Values);

    /// <summary>The lines of one experiment.</summary>
    public sealed record Result(string Experiment, IReadOnlyList<Line> Lines);

    /// <summary>
    /// Options: <c>--only NAME,...</c>, some experiments; <c>--seeds</c>; <c>--runs DIR</c>; <c>--finished</c>, which runs nothing and takes what is there;
    /// <c>--quick</c>, a few images and epochs in a folder of its own, which shows directions, and touches neither the page nor the records.
    /// </summary>
    public static object Run(Arguments arguments)
    {
        var (quick, finished) = (arguments.Flag("quick"), arguments.Flag("finished"));
        var seeds = arguments.Number("seeds", quick ? 1 : 3);
        var runs = arguments.Text("runs", quick ? "runs/quick" : "runs")!;
        var records = quick ? Path.Combine(runs, "records") : "docs/experiments/records";
        var only = arguments.Text("only", null)?.Split(',');
        arguments.RefuseTheRest();
        Directory.SetCurrentDirectory(EndToEnd.CommandLine.Root);
        var all = new ExperimentTable(quick).All;
        if (only?.FirstOrDefault(name => all.All(experiment => experiment.Name != name)) is { } unknown)
            throw new UsageException($"--only {unknown}: the experiments are {string.Join(", ", all.Select(experiment => experiment.Name))}");
        var results = new List<Result>();
        foreach (var experiment in all.Where(experiment => only is null || only.Contains(experiment.Name)))
        {
            if (!finished)
                foreach (var run in experiment.Runs)
                    for (var seed = 1; seed <= seeds; seed++)
                        run.Run(runs, records, seed, quick, Command);
            if (!quick && experiment.HasRecords(records, seeds))
                ExperimentPage.Write(experiment, records, seeds);
            results.Add(new(experiment.Name, [.. experiment.Lines.Select(line => new Line(line.Label, line.Paper, line.Values(records, seeds)))]));
        }
        return new { quick, seeds, experiments = results };
    }

    /// <summary>Runs a command line in this process.</summary>
    private static string Command(string[] words)
    {
        Console.Error.WriteLine($"onnxkd {string.Join(' ', words)}");
        var output = new StringWriter();
        var code = Pipeline.CommandLine.InvokeAsync(words, new OutputConfiguration { Output = output, Error = Console.Error }, CancellationToken.None).GetAwaiter().GetResult();
        return code == 0 ? output.ToString() : throw new UsageException($"onnxkd {string.Join(' ', words)} ended with exit code {code}");
    }
}
