using System.Globalization;
using OnnxKd.Core.Text;
using OnnxKd.Pipeline.Measuring;
using OnnxKd.Pipeline.Reports;
using Spectre.Console;

namespace OnnxKd.Pipeline.Sweeps;

/// <summary>
/// The settings of a sweep in the order of what they gave on the validation set, and which of them are worth a look. Without a validation set they stay in the order of
/// the sweep, with the front of what they gave on the test set: that chooses nothing.
/// </summary>
internal static class Leaderboard
{
    private const string Unknown = "-";

    /// <summary>
    /// The entries that were trained to the end, the best first: those that failed or were stopped early have no figures to compare. Empty
    /// without a validation set: the test set chooses nothing.
    /// </summary>
    public static IReadOnlyList<SweepEntry> Ranked(IEnumerable<SweepEntry> entries) =>
        [.. entries.Where(entry => entry is { IsComplete: true, Validation: not null }).OrderBy(entry => entry.Validation)];

    /// <summary>What the front is of, for people; <c>null</c>: there is nothing to compare.</summary>
    public static string? Describe(SweepMetrics sweep) => Ranked(sweep.Entries).Count > 0
        ? "front: no other is at least as good in validation, size and latency"
        : TestQuality(sweep) is { } quality
            ? $"front: no other is at least as good in {quality.Name} on the test set, size and latency; the test set chooses nothing, so keep some samples for data.validation to find a recipe to go on with"
            : null;

    /// <summary>The leaderboard as text: the names of the columns, then a row for each entry; nothing, if there is nothing to compare.</summary>
    public static IReadOnlyList<IReadOnlyList<string>> Cells(SweepMetrics sweep)
    {
        var entries = sweep.Entries;
        return Ranked(entries) is { Count: > 0 } ranked ? [.. ByValidation(entries, ranked)]
            : TestQuality(sweep) is { } quality ? [.. ByTest(entries, quality)]
            : [];
    }

    /// <summary>The same as a table.</summary>
    public static Table Table(IReadOnlyList<IReadOnlyList<string>> cells, TableBorder border)
    {
        var table = new Table { Border = border };
        foreach (var column in cells[0])
            table.AddColumn(column);
        foreach (var row in cells.Skip(1))
            table.AddRow(row.Select(cell => new Text(cell)));
        return table;
    }

    /// <summary>Those that were stopped early come last.</summary>
    private static IEnumerable<IReadOnlyList<string>> ByValidation(IReadOnlyList<SweepEntry> entries, IReadOnlyList<SweepEntry> ranked)
    {
        yield return ["place", "setting", "validation", "epochs", "file size", "latency p50", "front"];
        foreach (var (place, entry) in ranked.Index())
            yield return Row($"{place + 1}", entry, Front.FindBetter(entry, ranked, new(each => each.Validation!.Cost), new(Size), new(Latency, Front.LatencyNoise)) is { } better
                ? $"behind {ranked.Index().First(other => other.Item == better).Index + 1}" : "yes");
        foreach (var entry in entries.Except(ranked).OrderBy(entry => entry.Validation is null).ThenBy(entry => entry.Validation))
            yield return Row(Unknown, entry, entry.Seeds.All(setting => setting.Failure is null) ? "stopped early" : "failed");

        static string[] Row(string place, SweepEntry entry, string front) =>
            [place, Printable.Escape(entry.Name), entry.Validation?.ToString() ?? Unknown, entry.Validation?.Epochs ?? Unknown, .. Costs(entry), front];
    }

    private static IEnumerable<IReadOnlyList<string>> ByTest(IReadOnlyList<SweepEntry> entries, Quality quality)
    {
        yield return ["setting", $"{quality.Name} (test set)", "file size", "latency p50", "front (test set)"];
        SweepEntry[] known = [.. entries.Where(entry => IsKnown(entry, quality))];
        foreach (var entry in entries)
            yield return
            [
                Printable.Escape(entry.Name), known.Contains(entry) ? Spread.Of(Wrong(entry)).Show(value => value.ToString("0.00 %", CultureInfo.InvariantCulture)) : Unknown, .. Costs(entry),
                !known.Contains(entry) ? "failed" : Front.FindBetter(entry, known, new(each => Wrong(each).Average()), new(Size), new(Latency, Front.LatencyNoise)) is { } better ? $"behind {Printable.Escape(better.Name)}" : "yes",
            ];

        double[] Wrong(SweepEntry entry) => [.. Students(entry).Select(student => quality.Of(student)!.Value)];
    }

    /// <summary>The figure by which settings are compared without a validation set; <c>null</c>: none was measured of two.</summary>
    private static Quality? TestQuality(SweepMetrics sweep) =>
        sweep.First is { } first && Quality.For(first) is { } quality && sweep.Entries.Count(entry => IsKnown(entry, quality)) > 1 ? quality : null;

    private static bool IsKnown(SweepEntry entry, Quality quality) => entry.IsComplete && Students(entry).All(student => quality.Of(student) is not null);

    // A student has a file, whose sizes are known; of a teacher alone they may not be.
    private static double Size(SweepEntry entry) => Students(entry).Average(student => student.FileBytes!.Value);

    private static double Latency(SweepEntry entry) => Students(entry).Average(student => student.LatencyMsP50!.Value);

    private static ModelMetrics[] Students(SweepEntry entry) => [.. entry.Seeds.Select(setting => setting.Run?.Student).OfType<ModelMetrics>()];

    private static string[] Costs(SweepEntry entry) => Students(entry) is { Length: > 0 }
        ? [FigureTable.FileSize((long)Size(entry)), Latency(entry).ToString("0.000 ms", CultureInfo.InvariantCulture)]
        : [Unknown, Unknown];
}
