using OnnxKd.Core.Errors;
using OnnxKd.Core.Files;
using OnnxKd.Core.Text;
using OnnxKd.Pipeline.Reports;
using OnnxKd.Pipeline.Stages;

namespace OnnxKd.Pipeline.Sweeps;

/// <summary>A finished sweep in its folder.</summary>
/// <param name="Metrics">Its figures.</param>
/// <param name="Folder">The folder, which is that of the run that its settings share.</param>
internal sealed record SweepFolder(SweepMetrics Metrics, string Folder)
{
    /// <summary>Its settings that left anything: each as a run that is called what was set. Those that failed before their first stage are in the figures alone.</summary>
    public IReadOnlyList<RunFolder> ReadRuns() => [.. Settings().Where(each => RunFolder.IsOne(each.Folder)).Select(each => Read(each.Folder, each.Entry, each.Setting))];

    /// <summary>A setting of a finished sweep by its own folder; <c>null</c>: the folder is none.</summary>
    /// <exception cref="CheckFailedException">The sweep's figures were changed since.</exception>
    public static RunFolder? FindSetting(string folder)
    {
        var full = Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder));
        var found = Path.GetDirectoryName(Path.GetDirectoryName(full)) is { } run && RunFolder.IsOne(folder) ? Find(run)?.Settings().FirstOrDefault(each => each.Folder == full) : null;
        return found is { Entry: { } entry, Setting: { } setting } ? Read(folder, entry, setting) : null;
    }

    /// <summary>Reads a folder; <c>null</c>: it holds no finished sweep.</summary>
    /// <exception cref="CheckFailedException">Its figures were changed since.</exception>
    public static SweepFolder? Find(string folder)
    {
        var file = Path.Combine(folder, SweepMetrics.FileName);
        if (!File.Exists(file))
            return null;
        Publisher.RequireOurs(file);
        return new(CanonicalJson.Deserialize<SweepMetrics>(InputFile.ReadAllBytes(file, "A sweep's figures"), file), folder);
    }

    private IEnumerable<(SweepEntry Entry, SettingMetrics Setting, string Folder)> Settings() =>
        Metrics.Entries.SelectMany(entry => entry.Seeds, (entry, setting) => (entry, setting, Path.Combine(Folder, setting.Folder)));

    private static RunFolder Read(string folder, SweepEntry entry, SettingMetrics setting) =>
        RunFolder.Read(folder).With(setting.Run) with { Sweep = new(setting.Setting, entry.Name, Ending(setting)) };

    private static string? Ending(SettingMetrics setting) => setting switch
    {
        { Failure: { } why } => $"failed: {why.Split('\n')[0].TrimEnd('.')}",
        { Run: not null } => null,
        { Validation.Epochs: var epochs } => $"was stopped early by halving, after {(epochs == 1 ? "1 epoch" : $"{epochs} epochs")}",
        _ => "was stopped early by halving",
    };
}
