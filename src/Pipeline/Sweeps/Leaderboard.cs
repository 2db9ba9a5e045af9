using System.Globalization;
using OnnxKd.Core.Text;
using OnnxKd.Pipeline.Reports;
using Spectre.Console;

namespace OnnxKd.Pipeline.Sweeps;

/// <summary>The settings of a sweep in the order of what they gave on the validation set, and which of them are worth a look.</summary>
internal static class Leaderboard
{
    private const string Unknown = "-";

    private static readonly string[] Columns = ["", "setting", "validation", "epochs", "file size", "latency p50", "front"];

    /// <summary>
    /// The settings that were trained to the end, the best first: those that failed or were stopped early have no figures to compare. Empty
    /// without a validation set: the test set chooses nothing.
    /// </summary>
    public static IReadOnlyList<SettingMetrics> Ranked(IEnumerable<SettingMetrics> settings) =>
        [.. settings.Where(setting => setting is { Run: not null, Validation: not null }).OrderBy(setting => setting.Validation)];

    /// <summary>The setting that is at least as good in validation, size and latency, and better in one; <c>null</c>: none, it is on the front.</summary>
    public static SettingMetrics? DominatorOf(SettingMetrics setting, IReadOnlyList<SettingMetrics> ranked) => ranked.FirstOrDefault(other => other != setting
        && Figures(other).Zip(Figures(setting)).All(pair => pair.First <= pair.Second) && Figures(other).Zip(Figures(setting)).Any(pair => pair.First < pair.Second));

    /// <summary>The leaderboard as a table; those that were stopped early come last.</summary>
    public static Table Table(SweepMetrics sweep, TableBorder border)
    {
        var table = new Table { Border = border };
        foreach (var column in Columns)
            table.AddColumn(column);
        var ranked = Ranked(sweep.Settings);
        foreach (var (place, setting) in ranked.Index())
            table.AddRow(Cells($"{place + 1}", setting, DominatorOf(setting, ranked) is { } better ? $"behind {ranked.Index().First(entry => entry.Item == better).Index + 1}" : "yes"));
        foreach (var setting in sweep.Settings.Except(ranked).OrderBy(setting => setting.Validation is null).ThenBy(setting => setting.Validation))
            table.AddRow(Cells(Unknown, setting, setting.Failure is null ? "stopped early" : "failed"));
        return table;
    }

    // A student has a file, whose sizes are known; of a teacher alone they may not be.
    private static double[] Figures(SettingMetrics setting) =>
        [setting.Validation!.Cost, setting.Run!.Student!.FileBytes!.Value, setting.Run.Student.LatencyMsP50!.Value];

    private static IEnumerable<Text> Cells(string place, SettingMetrics setting, string front) => new[]
    {
        place, Printable.Escape(setting.Setting), setting.Validation?.ToString() ?? Unknown, setting.Validation?.Epochs.ToString(CultureInfo.InvariantCulture) ?? Unknown,
        setting.Run?.Student is { } student ? FigureTable.FileSize(student.FileBytes) : Unknown,
        setting.Run?.Student is { LatencyMsP50: { } latency } ? latency.ToString("0.000 ms", CultureInfo.InvariantCulture) : Unknown,
        front,
    }.Select(cell => new Text(cell));
}
