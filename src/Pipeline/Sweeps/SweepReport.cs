using OnnxKd.Pipeline.Reports;
using OnnxKd.Pipeline.Terminal;
using Spectre.Console;

namespace OnnxKd.Pipeline.Sweeps;

/// <summary>The figures of a sweep, for people.</summary>
internal static class SweepReport
{
    /// <summary>Writes the figures of a sweep.</summary>
    public static void Write(SweepMetrics sweep, TextWriter output, OutputStyle style)
    {
        if (Report.WriteJson(sweep, output, style))
            return;
        if (sweep.Rows().Any())
            Tables.Render(FigureTable.Of([.. sweep.Rows()], Tables.Border(style)), output, style.Terminal);
        foreach (var line in Notes(sweep))
            output.WriteLine(line);
        if (sweep.Best is not null)
            Tables.Render(Leaderboard.Table(sweep, Tables.Border(style)), output, style.Terminal);
    }

    /// <summary>The content of <c>sweep.md</c>.</summary>
    public static string Markdown(SweepMetrics sweep)
    {
        var board = new StringWriter { NewLine = "\n" };
        if (sweep.Best is not null)
            Tables.Render(Leaderboard.Table(sweep, TableBorder.Markdown), board, terminal: false);
        return $"{Report.Markdown(sweep.Name, Report.MarkdownTable(sweep.Rows()), Notes(sweep))}{(sweep.Best is null ? "" : $"\n{board.ToString().Trim()}\n")}";
    }

    private static IEnumerable<string> Notes(SweepMetrics sweep)
    {
        foreach (var note in sweep.First is { } first ? Report.Notes(first with { Models = [.. first.Models.Select(model => model with { Parity = null })] }) : [])
            yield return note;
        foreach (var setting in sweep.Settings.Where(setting => setting.Failure is not null))
            yield return $"failed: {setting.Setting}: {setting.Failure!.Split('\n')[0]}";
        foreach (var group in sweep.Seeds ?? [])
            if (group.Verdict.Count > 0)
                yield return $"{group.Name}: {string.Join(' ', group.Verdict)}";
        if (sweep.Best is { } best)
            yield return $"best on the validation set: {best}{(sweep.Seeds is null ? "" : ", with settings compared by their means over seeds")}; front: no other is at least as good in validation, size and latency";
    }
}
