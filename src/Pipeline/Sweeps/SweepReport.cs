using OnnxKd.Core.Files;
using OnnxKd.Pipeline.Reports;
using OnnxKd.Pipeline.Terminal;
using Spectre.Console;

namespace OnnxKd.Pipeline.Sweeps;

/// <summary>The figures of a sweep, for people.</summary>
internal static class SweepReport
{
    /// <summary>The sweep's page, within the run's folder: a run of the same name has a <c>report.html</c> of its own there.</summary>
    public const string PageFile = "sweep.html";

    private const string TextFile = "sweep.md";

    /// <summary>Writes what people read of a sweep into its folder, as page and as text.</summary>
    public static void Write(SweepMetrics sweep, string folder)
    {
        AtomicFile.WriteAllText(Path.Combine(folder, TextFile), Markdown(sweep));
        AtomicFile.WriteAllText(Path.Combine(folder, PageFile), SweepPage.Write(new(sweep, folder)));
    }

    /// <summary>Writes the figures of a sweep.</summary>
    public static void Write(SweepMetrics sweep, TextWriter output, OutputStyle style)
    {
        if (Report.WriteJson(sweep, output, style))
            return;
        if (sweep.Rows().Any())
            Tables.Render(FigureTable.Of([.. sweep.Rows()], Tables.Border(style)), output, style.Terminal);
        foreach (var line in Notes(sweep))
            output.WriteLine(line);
        if (Leaderboard.Cells(sweep) is { Count: > 0 } board)
            Tables.Render(Leaderboard.Table(board, Tables.Border(style)), output, style.Terminal);
    }

    /// <summary>The figures as Markdown.</summary>
    public static string Markdown(SweepMetrics sweep)
    {
        var board = new StringWriter { NewLine = "\n" };
        if (Leaderboard.Cells(sweep) is { Count: > 0 } cells)
            Tables.Render(Leaderboard.Table(cells, TableBorder.Markdown), board, terminal: false);
        return $"{Report.Markdown(sweep.Name, Report.MarkdownTable(sweep.Rows()), Notes(sweep))}{(board.ToString().Trim() is { Length: > 0 } table ? $"\n{table}\n" : "")}";
    }

    /// <summary>What the sweep as a whole says, in sentences without a full stop.</summary>
    public static IEnumerable<string> Sentences(SweepMetrics sweep)
    {
        foreach (var setting in sweep.Settings.Where(setting => setting.Failure is not null))
            yield return $"failed: {setting.Setting}: {setting.Failure!.Split('\n')[0]}";
        foreach (var group in sweep.Seeds ?? [])
            if (group.Verdict.Count > 0)
                yield return $"{group.Name}: {string.Join(' ', group.Verdict)}";
        if (sweep.Best is { } best)
            yield return $"best on the validation set: {best}{(sweep.Seeds is null ? "" : ", with settings compared by their means over seeds")}";
    }

    private static IEnumerable<string> Notes(SweepMetrics sweep)
    {
        foreach (var note in sweep.First is { } first ? Report.Notes(first with { Models = [.. first.Models.Select(model => model with { Parity = null })] }) : [])
            yield return note;
        foreach (var sentence in Sentences(sweep))
            yield return sentence;
        if (Leaderboard.Describe(sweep) is { } front)
            yield return front;
    }
}
