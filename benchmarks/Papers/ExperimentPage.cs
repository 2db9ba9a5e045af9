using System.Globalization;
using System.Text;
using OnnxKd.Benchmarks.EndToEnd;
using OnnxKd.Benchmarks.Support;
using OnnxKd.Pipeline.Reports;

namespace OnnxKd.Benchmarks.Papers;

/// <summary>Writes docs/experiments.md: between its marks stands what runs gave, and nothing else.</summary>
internal static class ExperimentPage
{
    private const string Missing = "not yet run";
    private const string End = "<!-- end -->";

    /// <summary>Replaces the part of an experiment, and its picture.</summary>
    /// <param name="experiment">The experiment.</param>
    /// <param name="records">The folder of all records.</param>
    /// <param name="seeds">How many seeds count.</param>
    public static void Write(Experiment experiment, string records, int seeds)
    {
        var page = Path.Combine(CommandLine.Root, "docs", "experiments.md");
        var (text, start) = (File.ReadAllText(page), $"<!-- papers: {experiment.Name} -->\n");
        var at = text.IndexOf(start, StringComparison.Ordinal);
        var end = at < 0 ? -1 : text.IndexOf(End, at, StringComparison.Ordinal);
        if (end < 0)
            throw new UsageException($"docs/experiments.md lacks the marks {start.TrimEnd()} and {End}");
        var picture = Path.Combine(CommandLine.Root, "docs", "experiments", $"{experiment.Name}.svg");
        var chart = ExperimentChart.Draw(experiment, records, seeds);
        if (chart is not null)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(picture)!);
            File.WriteAllText(picture, chart);
        }
        var part = Text(experiment, records, seeds) + (chart is null ? "" : $"\n![{experiment.Title}](experiments/{experiment.Name}.svg)\n");
        File.WriteAllText(page, $"{text[..(at + start.Length)]}{part}{text[end..]}");
    }

    /// <summary>The table and its commands.</summary>
    public static string Text(Experiment experiment, string records, int seeds)
    {
        var hasGoals = experiment.Lines.Any(line => line.Goal is not null);
        var text = new StringBuilder(hasGoals ? "| what | paper | here | seeds | goal |\n|---|---|---|---|---|\n" : "| what | paper | here | seeds |\n|---|---|---|---|\n");
        foreach (var line in experiment.Lines)
        {
            var values = line.Values(records, seeds);
            text.Append(CultureInfo.InvariantCulture, $"| {line.Label} | {(line.Paper is { } paper ? Show(line, paper) : "")} | {Show(line, values)} | {values.Length} |{(hasGoals ? $" {Goal(line, values)} |" : "")}\n");
        }
        text.Append("\n```sh\n");
        foreach (var run in experiment.Runs)
            text.Append(CultureInfo.InvariantCulture, $"./onnxkd {run.Command("runs")}\n");
        return text.Append("```\n").ToString();
    }

    private static string Goal(PaperLine line, double[] values) => line.Goal is not { } goal ? ""
        : $"{(goal.IsLeast ? "≥" : "≤")} {Show(line, goal.Value)}{(values.Length == 0 ? "" : goal.IsMet(values.Average()) ? ", met" : ", not met")}";

    private static string Show(PaperLine line, double[] values)
    {
        if (values.Length == 0)
            return Missing;
        var spread = Spread.Of(values);
        return values.Length == 1 ? Show(line, spread.Mean) : $"{Show(line, spread.Mean)} ± {Number(line, spread.Deviation)}";
    }

    private static string Show(PaperLine line, double value) => line.Unit == PaperUnit.Share ? $"{Number(line, value)} %" : Number(line, value);

    private static string Number(PaperLine line, double value) => line.Unit == PaperUnit.Share
        ? (100 * value).ToString("0.0", CultureInfo.InvariantCulture)
        : value.ToString("0", CultureInfo.InvariantCulture);
}
