using System.Globalization;
using OnnxKd.Core.Text;
using OnnxKd.Pipeline.Measuring;
using OnnxKd.Pipeline.Reports;
using Spectre.Console;

namespace OnnxKd.Pipeline.Sweeps;

/// <summary>The settings of a sweep in the order of what they gave on the validation set, and which of them are worth a look.</summary>
internal static class Leaderboard
{
    private const string Unknown = "-";

    private static readonly string[] Columns = ["", "setting", "validation", "epochs", "file size", "latency p50", "front"];

    /// <summary>
    /// The entries that were trained to the end, the best first: those that failed or were stopped early have no figures to compare. Empty
    /// without a validation set: the test set chooses nothing.
    /// </summary>
    public static IReadOnlyList<SweepEntry> Ranked(IEnumerable<SweepEntry> entries) =>
        [.. entries.Where(entry => entry is { IsComplete: true, Validation: not null }).OrderBy(entry => entry.Validation)];

    /// <summary>The entry that is at least as good in validation, size and latency, and better in one; <c>null</c>: none, it is on the front.</summary>
    public static SweepEntry? DominatorOf(SweepEntry entry, IReadOnlyList<SweepEntry> ranked) => ranked.FirstOrDefault(other => other != entry
        && Figures(other).Zip(Figures(entry)).All(pair => pair.First <= pair.Second) && Figures(other).Zip(Figures(entry)).Any(pair => pair.First < pair.Second));

    /// <summary>The leaderboard as a table; those that were stopped early come last.</summary>
    public static Table Table(SweepMetrics sweep, TableBorder border)
    {
        var table = new Table { Border = border };
        foreach (var column in Columns)
            table.AddColumn(column);
        var entries = sweep.Entries;
        var ranked = Ranked(entries);
        foreach (var (place, entry) in ranked.Index())
            table.AddRow(Cells($"{place + 1}", entry, DominatorOf(entry, ranked) is { } better ? $"behind {ranked.Index().First(other => other.Item == better).Index + 1}" : "yes"));
        foreach (var entry in entries.Except(ranked).OrderBy(entry => entry.Validation is null).ThenBy(entry => entry.Validation))
            table.AddRow(Cells(Unknown, entry, entry.Seeds.All(setting => setting.Failure is null) ? "stopped early" : "failed"));
        return table;
    }

    // A student has a file, whose sizes are known; of a teacher alone they may not be.
    private static double[] Figures(SweepEntry entry) =>
        [entry.Validation!.Cost, entry.Seeds.Average(setting => setting.Run!.Student!.FileBytes!.Value), entry.Seeds.Average(setting => setting.Run!.Student!.LatencyMsP50!.Value)];

    private static IEnumerable<Text> Cells(string place, SweepEntry entry, string front)
    {
        var students = entry.Seeds.Select(setting => setting.Run?.Student).OfType<ModelMetrics>().ToArray();
        return new[]
        {
            place, Printable.Escape(entry.Name), entry.Validation?.ToString() ?? Unknown, entry.Validation?.Epochs ?? Unknown,
            students.Length > 0 ? FigureTable.FileSize((long?)students.Average(student => student.FileBytes)) : Unknown,
            students.Length > 0 && students.Average(student => student.LatencyMsP50) is { } latency ? latency.ToString("0.000 ms", CultureInfo.InvariantCulture) : Unknown,
            front,
        }.Select(cell => new Text(cell));
    }
}
