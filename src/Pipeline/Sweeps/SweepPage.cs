using System.Xml.Linq;
using OnnxKd.Pipeline.Reports;
using OnnxKd.Pipeline.Reports.Page;

namespace OnnxKd.Pipeline.Sweeps;

/// <summary>The page of a sweep: its settings as runs side by side, and the leaderboard.</summary>
internal static class SweepPage
{
    /// <summary>The page.</summary>
    public static string Write(SweepFolder sweep)
    {
        var metrics = sweep.Metrics;
        // From beside the page, wherever the folder goes.
        RunFolder[] runs = [.. sweep.ReadRuns().Select(run => run with { Shown = Path.GetRelativePath(sweep.Folder, run.Folder) })];
        var count = metrics.Settings.Count == 1 ? "1 setting" : $"{metrics.Settings.Count} settings";
        return RunsPage.Write($"{metrics.Name}: sweep of {count}", Verdict(metrics), RunComparison.Of(runs, areOneSweep: true), runs, Board(metrics));
    }

    private static IEnumerable<string> Verdict(SweepMetrics sweep)
    {
        foreach (var sentence in SweepReport.Sentences(sweep).Where(sentence => sentence.Length > 0))
            // What begins with a setting's name keeps its letters.
            yield return $"{(sweep.Seeds?.Any(group => sentence.StartsWith(group.Name, StringComparison.Ordinal)) == true ? sentence : RunsPage.Sentence(sentence)).TrimEnd('.')}.";
        var early = sweep.Settings.Count(setting => setting is { Run: null, Failure: null });
        if (early > 0)
            yield return $"Halving stopped {early} of {sweep.Settings.Count} settings early.";
        if (sweep.Best is null && sweep.First is not null)
            yield return "Nothing was chosen: there is no validation set.";
    }

    private static IEnumerable<object> Board(SweepMetrics sweep)
    {
        if (Leaderboard.Cells(sweep) is not { Count: > 0 } cells)
            yield break;
        yield return new XElement("h2", sweep.Best is null ? "Front on the test set" : "Leaderboard");
        yield return Html.Table(cells);
        yield return Html.Note($"{RunsPage.Sentence(Leaderboard.Describe(sweep)!)}.");
    }
}
