using OnnxKd.Pipeline.Measuring;

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

    /// <summary>The rows of the comparison: the teacher, which is the same for all, then each setting's student.</summary>
    public IEnumerable<(string Name, ModelMetrics Metrics)> Rows()
    {
        if (First?.Teacher is { } teacher)
            yield return ("teacher", teacher);
        foreach (var setting in Settings)
            if (setting.Run?.Student is { } student)
                yield return (setting.Setting, student);
    }
}

/// <summary>What one setting gave.</summary>
/// <param name="Setting">The setting, for people.</param>
/// <param name="Values">Its values, by key.</param>
/// <param name="Folder">Where its files are, within the run's folder.</param>
/// <param name="Run">Its figures; <c>null</c> if it failed, or was stopped early.</param>
/// <param name="Failure">Why it failed; <c>null</c> if it did not.</param>
/// <param name="Validation">What it gave on the validation set; <c>null</c> without one.</param>
internal sealed record SettingMetrics(
    string Setting, IReadOnlyDictionary<string, string> Values, string Folder, RunMetrics? Run = null, string? Failure = null,
    ValidationScore? Validation = null);
