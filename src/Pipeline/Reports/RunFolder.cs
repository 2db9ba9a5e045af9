using System.Text.RegularExpressions;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Files;
using OnnxKd.Core.Text;
using OnnxKd.Pipeline.Measuring;
using OnnxKd.Pipeline.Recipes;
using OnnxKd.Pipeline.Stages;
using OnnxKd.StudentTrainer.Training;

namespace OnnxKd.Pipeline.Reports;

/// <summary>What a run's folder says of the run, whether it is finished or not. Neither its data nor its models are looked at.</summary>
/// <param name="Folder">The folder.</param>
/// <param name="Metrics">Its figures; <c>null</c>: it has none yet.</param>
/// <param name="Trainings">What happened in each training so far.</param>
/// <param name="Stages">The records of its finished stages, those of other settings included.</param>
/// <param name="Begun">The folders of stages that are not finished.</param>
/// <param name="Recipe">The resolved recipe.</param>
internal sealed partial record RunFolder(
    string Folder, RunMetrics? Metrics, IReadOnlyList<TrainingStory> Trainings, IReadOnlyList<StageRecord> Stages, IReadOnlyList<string> Begun, string Recipe)
{
    // A setting of a sweep lies two folders below the stages.
    private const int DeepestResults = 2;

    private static readonly string[] DataKeys = ["samples", "labels", "lengths", "texts", "alphabet"];

    /// <summary>Its name.</summary>
    public string Name => Metrics?.Name ?? Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(Folder)));

    /// <summary>Whether its figures are those of its recipe, as far as can be seen.</summary>
    public bool IsFinished => Metrics is not null && Begun.Count == 0;

    /// <summary>Its recipe without its name, its seed and what was found with that seed: equal for runs that differ by their seeds alone.</summary>
    public string Settings => Rates.Aggregate(NameAndSeed().Replace(Recipe, ""), (recipe, rate) => Regex.Replace(
        recipe, FormattableString.Invariant($@"(?<=learning-rate: ){Regex.Escape(FormattableString.Invariant($"{rate}"))}(?=[,}}\n])"), "auto"));

    /// <summary>The learning rates that its stages found.</summary>
    private IReadOnlyList<double> Rates { get; init; } = [];

    /// <summary>The seed; <c>null</c>: not known.</summary>
    public ulong? Seed => Metrics?.Seed;

    /// <summary>What it was measured on, by digests; <c>null</c>: not known.</summary>
    public IReadOnlyDictionary<string, string>? Data { get; private init; }

    /// <summary>Reads a folder.</summary>
    /// <exception cref="InputException">It is no run's.</exception>
    /// <exception cref="CheckFailedException">Its figures were changed since.</exception>
    public static RunFolder Read(string folder)
    {
        var (figures, recipe) = (Path.Combine(folder, RunMetrics.FileName), Path.Combine(folder, RecipeFile.ResolvedName));
        if (!File.Exists(figures) && !File.Exists(recipe))
            throw new InputException(
                "A folder holds no run.", folder, $"neither {RunMetrics.FileName} nor {RecipeFile.ResolvedName}", remedy: "name the folder of a run, for example runs/mnist");
        var stages = StagesOf(folder);
        StageRecord[] records = [.. stages.Select(StageRecord.Find).OfType<StageRecord>()];
        var run = new RunFolder(
            folder, ReadFigures(figures), [.. ReadTrainings(Path.Combine(folder, "events"))], records, [.. Unfinished(folder, stages)],
            File.Exists(recipe) ? File.ReadAllText(recipe) : "");
        var digest = run.Metrics is null ? null : Hashing.Sha256OfFile(figures);
        var evaluation = records.FirstOrDefault(record => digest is not null && record.Outputs.GetValueOrDefault(RunMetrics.FileName)?.Sha256 == digest);
        return run with
        {
            Rates = [.. stages.Where(RateFile.IsIn).Select(RateFile.Read)],
            Data = evaluation?.Inputs.Where(input => DataKeys.Contains(input.Key)).ToDictionary(input => input.Key, input => input.Value),
        };
    }

    private static RunMetrics? ReadFigures(string path)
    {
        if (!File.Exists(path))
            return null;
        Publisher.RequireOurs(path);
        return CanonicalJson.Deserialize<RunMetrics>(InputFile.ReadAllBytes(path, "A run's figures"), path);
    }

    private static IEnumerable<TrainingStory> ReadTrainings(string events)
    {
        if (!Directory.Exists(events))
            return [];
        return Directory.GetFiles(events, "*.jsonl").Order(StringComparer.Ordinal).Where(File.Exists).SelectMany(file => EpochEvent.Read(file)
            .GroupBy(line => line.Learner ?? Path.GetFileNameWithoutExtension(file)).Select(lines => new TrainingStory(lines.Key, [.. lines], [])));
    }

    private static string[] StagesOf(string folder)
    {
        for (var (above, i) = (Path.GetFullPath(folder), 0); i <= DeepestResults && above is not null; above = Path.GetDirectoryName(above)!, i++)
            if (Directory.Exists(above) && Directory.GetDirectories(above).Where(inner => StageFolder().IsMatch(inner)).Order(StringComparer.Ordinal).ToArray() is { Length: > 0 } found)
                return found;
        return [];
    }

    /// <summary>Stages that this run has begun: those that its events lead to; without figures all.</summary>
    private static IEnumerable<string> Unfinished(string folder, IReadOnlyList<string> stages)
    {
        var open = stages.Where(stage => !File.Exists(Path.Combine(stage, StageRecord.FileName)));
        if (!File.Exists(Path.Combine(folder, RunMetrics.FileName)))
            return open.Select(stage => Path.GetFileName(stage)).DefaultIfEmpty("evaluate");
        var events = Path.Combine(folder, "events");
        var current = !Directory.Exists(events) ? [] : Directory.GetFiles(events, "*.jsonl")
            .Select(file => new FileInfo(file).LinkTarget).OfType<string>().Select(target => Path.GetFileName(Path.GetDirectoryName(target)));
        return open.Select(stage => Path.GetFileName(stage)).Where(stage => current.Contains(stage));
    }

    [GeneratedRegex(@"-[0-9a-f]{8}$")]
    private static partial Regex StageFolder();

    [GeneratedRegex(@"^(name|seed): .*\n", RegexOptions.Multiline)]
    private static partial Regex NameAndSeed();
}
