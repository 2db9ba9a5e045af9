using OnnxKd.Pipeline.Measuring;
using OnnxKd.Pipeline.Reports;

namespace OnnxKd.Pipeline.Sweeps;

/// <summary>The file <c>sweep.json</c>: what every setting gave.</summary>
/// <param name="Name">The run's name.</param>
/// <param name="Settings">In the order in which they ran.</param>
/// <param name="Best">The setting that is best on the validation set; <c>null</c> without one.</param>
internal sealed record SweepMetrics(string Name, IReadOnlyList<SettingMetrics> Settings, string? Best = null)
{
    /// <summary>The file's name.</summary>
    public const string FileName = "sweep.json";

    /// <summary>The first setting that gave figures; <c>null</c> if none did.</summary>
    public RunMetrics? First => Settings.Select(setting => setting.Run).FirstOrDefault(run => run is not null);

    /// <summary>Settings that differ by their seeds alone, put together; <c>null</c>: no seed varies.</summary>
    public IReadOnlyList<SeedGroup>? Seeds { get; init; }

    /// <summary>What is compared: settings, those that differ by their seeds alone as one.</summary>
    public IReadOnlyList<SweepEntry> Entries =>
        [.. Settings.GroupBy(setting => setting.WithoutSeed).Select(group => new SweepEntry(group.Key.Length > 0 ? group.Key : Name, [.. group]))];

    /// <summary>The rows of the comparison: the teacher, which is the same for all, then the student of each setting, those of several seeds together.</summary>
    public IEnumerable<(string Name, IReadOnlyList<ModelMetrics> Seeds)> Rows()
    {
        if (First?.Teacher is { } teacher)
            yield return ("teacher", [teacher]);
        foreach (var entry in Entries)
            if (entry.Seeds.Select(setting => setting.Run?.Student).OfType<ModelMetrics>().ToArray() is { Length: > 0 } students)
                yield return (entry.Name, students);
    }

    /// <summary>Puts together what differs by its seed alone and has figures.</summary>
    public SweepMetrics WithSeeds()
    {
        SeedGroup[] groups =
        [
            .. Entries.Select(entry => (entry.Name, Runs: entry.Seeds.Where(setting => setting.Run is not null).Select(setting => (setting.Setting, setting.Run!)).ToArray()))
                .Where(entry => entry.Runs.Length > 1).Select(entry => SeedGroup.Of(entry.Name, entry.Runs)),
        ];
        return groups.Length > 0 ? this with { Seeds = groups } : this;
    }
}

/// <summary>A setting, or several that differ by their seeds alone.</summary>
/// <param name="Setting">What they share.</param>
/// <param name="Seeds">The settings.</param>
internal sealed record SweepEntry(string Setting, IReadOnlyList<SettingMetrics> Seeds)
{
    /// <summary>For people.</summary>
    public string Name => Seeds.Count == 1 ? Seeds[0].Setting : $"{Setting} ({Seeds.Count} seeds)";

    /// <summary>What they gave on the validation set; <c>null</c>: not known for all of them.</summary>
    public EntryScore? Validation => EntryScore.Of([.. Seeds.Select(setting => setting.Validation)]);

    /// <summary>Whether all were trained to the end.</summary>
    public bool IsComplete => Seeds.All(setting => setting.Run is not null);
}

/// <summary>What one setting gave.</summary>
/// <param name="Setting">The setting, for people.</param>
/// <param name="Values">Its values, by key.</param>
/// <param name="Folder">Where its files are, within the run's folder.</param>
/// <param name="Run">Its figures; <c>null</c> if it failed, or was stopped early.</param>
/// <param name="Failure">Why it failed; <c>null</c> if it did not.</param>
/// <param name="Validation">What it gave on the validation set; <c>null</c> without one.</param>
/// <param name="ExitCode">What a run of it alone would return, if it failed.</param>
internal sealed record SettingMetrics(
    string Setting, IReadOnlyDictionary<string, string> Values, string Folder, RunMetrics? Run = null, string? Failure = null,
    ValidationScore? Validation = null, int? ExitCode = null)
{
    /// <summary>The same with a failure, if there is one.</summary>
    public SettingMetrics With(SettingFailure? failure) => failure is null ? this : this with { Failure = failure.Message, ExitCode = (int)failure.ExitCode };

    /// <summary>What it shares with those that differ by their seeds alone.</summary>
    public string WithoutSeed => new SweepSetting([.. Values]).WithoutSeed;
}
