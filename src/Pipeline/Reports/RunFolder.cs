using System.Text.RegularExpressions;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Files;
using OnnxKd.Core.Text;
using OnnxKd.Pipeline.Measuring;
using OnnxKd.Pipeline.Recipes;
using OnnxKd.Pipeline.Stages;
using OnnxKd.StudentTrainer.Training;

namespace OnnxKd.Pipeline.Reports;

/// <summary>What a run is in a sweep.</summary>
/// <param name="Setting">Its setting.</param>
/// <param name="Group">What settings that differ by their seeds alone are called together.</param>
/// <param name="Ending">Why it has no figures, since its sweep is over: <c>was stopped early</c>; <c>null</c>: it has some.</param>
internal sealed record SweepPlace(string Setting, string Group, string? Ending);

/// <summary>What a run's folder says of the run, whether it is finished or not. Its data are not looked at, and of its models the digests alone.</summary>
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
    internal const int DeepestResults = 2;

    private static readonly string[] DataKeys = ["samples", "labels", "lengths", "texts", "alphabet"];

    /// <summary>What it is in a sweep; <c>null</c>: a run of its own, or it is not known.</summary>
    public SweepPlace? Sweep { get; init; }

    /// <summary>What was found besides the figures; <c>null</c>: not known.</summary>
    public RunDetails? Details { get; private init; }

    /// <summary>How long models take; <c>null</c>: not known.</summary>
    public RunLatency? Latency { get; private init; }

    /// <summary>
    /// The records of the stages that its figures come from. Without figures all that are there; of a setting none, since nothing tells them from those of other settings.
    /// </summary>
    public IReadOnlyList<StageRecord> OwnStages { get; private init; } = Stages;

    /// <summary>How it is made again.</summary>
    public Replay Replay => new(Depth, Shown ?? Folder);

    /// <summary>What the folder is called for people; <c>null</c>: as it was named.</summary>
    public string? Shown { get; init; }

    /// <summary>How many folders its stages are above its results: a setting of a sweep has its own two below.</summary>
    private int Depth { get; init; }

    /// <summary>Its name.</summary>
    public string Name => Sweep?.Setting ?? Metrics?.Name ?? Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(Folder)));

    /// <summary>Whether its figures are those of its recipe and of its models, as far as can be seen.</summary>
    public bool IsFinished => Metrics is not null && Begun.Count == 0 && Unmeasured.Count == 0;

    /// <summary>Models in the folder that are not those that its figures tell of, a sentence each.</summary>
    public IReadOnlyList<string> Unmeasured { get; private init; } = [];

    /// <summary>Its recipe without its name, its seed and what was found with that seed: equal for runs that differ by their seeds alone.</summary>
    public string Settings => Rates.Aggregate(NameAndSeed().Replace(Recipe, ""), (recipe, rate) => Regex.Replace(
        recipe, FormattableString.Invariant($@"(?<=learning-rate: ){Regex.Escape(FormattableString.Invariant($"{rate}"))}(?=[,}}\n])"), "auto"));

    /// <summary>The learning rates that its stages found.</summary>
    private IReadOnlyList<double> Rates { get; init; } = [];

    /// <summary>The seed; <c>null</c>: not known.</summary>
    public ulong? Seed => Metrics?.Seed;

    /// <summary>What it was measured on, by digests; <c>null</c>: not known.</summary>
    public IReadOnlyDictionary<string, string>? Data { get; private init; }

    /// <summary>What a page is drawn from; without the pictures of samples, since no data is looked at.</summary>
    public RunStory? Story => Metrics is not { } metrics ? null : new(metrics, Trainings, OwnStages, Recipe)
    {
        Details = Details ?? new([]), Latency = Latency ?? new([]), Replay = Replay,
    };

    /// <summary>Whether a folder is a run's.</summary>
    public static bool IsOne(string folder) => File.Exists(Path.Combine(folder, RunMetrics.FileName)) || File.Exists(Path.Combine(folder, RecipeFile.ResolvedName));

    /// <summary>Reads a folder.</summary>
    /// <exception cref="InputException">It is no run's.</exception>
    /// <exception cref="CheckFailedException">Its figures were changed since.</exception>
    public static RunFolder Read(string folder)
    {
        var (figures, recipe) = (Path.Combine(folder, RunMetrics.FileName), Path.Combine(folder, RecipeFile.ResolvedName));
        if (!IsOne(folder))
            throw new InputException(
                "A folder holds no run.", folder, $"neither {RunMetrics.FileName} nor {RecipeFile.ResolvedName}", remedy: "name the folder of a run, for example runs/mnist");
        var (depth, stages) = StagesOf(folder);
        var known = stages.Select(stage => (Folder: stage, Record: StageRecord.Find(stage))).Where(stage => stage.Record is not null).ToArray();
        StageRecord[] records = [.. known.Select(stage => stage.Record!)];
        var run = new RunFolder(
            folder, null, [.. ReadTrainings(Path.Combine(folder, "events"))], records, [.. Unfinished(folder, stages)],
            File.Exists(recipe) ? File.ReadAllText(recipe) : "").With(ReadFigures(figures));
        var digest = run.Metrics is null ? null : Hashing.Sha256OfFile(figures);
        var (from, evaluation) = known.FirstOrDefault(stage => digest is not null && stage.Record!.Outputs.GetValueOrDefault(RunMetrics.FileName)?.Sha256 == digest);
        return run with
        {
            Rates = [.. stages.Where(RateFile.IsIn).Select(RateFile.Read)],
            Depth = depth,
            OwnStages = evaluation is not null ? StageTrace.Of(evaluation, records) : depth == 0 ? records : [],
            Details = ReadBeside<RunDetails>(from, RunDetails.FileName),
            Latency = ReadBeside<RunLatency>(from, RunLatency.FileName),
            Data = evaluation?.Inputs.Where(input => DataKeys.Contains(input.Key)).ToDictionary(input => input.Key, input => input.Value),
        };
    }

    /// <summary>The run with figures from elsewhere.</summary>
    public RunFolder With(RunMetrics? metrics) => this with { Metrics = metrics, Unmeasured = metrics is null ? [] : [.. UnmeasuredOf(metrics)] };

    private IEnumerable<string> UnmeasuredOf(RunMetrics metrics)
    {
        foreach (var model in metrics.Models.Where(model => model is { Parity: not null, Sha256: not null }))
            if (Path.Combine(Folder, Path.GetFileName(model.Model)) is var file && File.Exists(file) && Hashing.Sha256OfFile(file) != model.Sha256)
                yield return Publisher.IsOurs(file)
                    ? $"{model.Model} is not measured yet, and the figures are those of an earlier one; 'onnxkd run' goes on with it"
                    : $"{model.Model} was changed since it was measured; delete it (keep a copy if you want it), and 'onnxkd run' puts the measured one back";
    }

    private static RunMetrics? ReadFigures(string path)
    {
        if (!File.Exists(path))
            return null;
        Publisher.RequireOurs(path);
        return CanonicalJson.Deserialize<RunMetrics>(InputFile.ReadAllBytes(path, "A run's figures"), path);
    }

    private static T? ReadBeside<T>(string? evaluation, string file)
        where T : class => evaluation is not null && Path.Combine(evaluation, file) is var path && File.Exists(path)
            ? CanonicalJson.Deserialize<T>(InputFile.ReadAllBytes(path, "What a run's report draws"), path)
            : null;

    private static IEnumerable<TrainingStory> ReadTrainings(string events)
    {
        if (!Directory.Exists(events))
            return [];
        return Directory.GetFiles(events, "*.jsonl").Order(StringComparer.Ordinal).Where(LeadsToAFile).SelectMany(file => ReadEvents(file)
            .GroupBy(line => line.Learner ?? Path.GetFileNameWithoutExtension(file)).Select(lines => new TrainingStory(lines.Key, [.. lines], [])));
    }

    private static IReadOnlyList<EpochEvent> ReadEvents(string link)
    {
        var file = Target(link).FullName;
        StageRecord.Find(Path.GetDirectoryName(file)!)?.RequireOutput(Path.GetDirectoryName(file)!, Path.GetFileName(file));
        return EpochEvent.Read(file);
    }

    // A training that failed before its first epoch leaves a link to nothing.
    private static bool LeadsToAFile(string path) => Target(path).Exists;

    private static FileSystemInfo Target(string path) => File.ResolveLinkTarget(path, returnFinalTarget: true) ?? new FileInfo(path);

    private static (int Depth, string[] Folders) StagesOf(string folder)
    {
        for (var (above, i) = (Path.GetFullPath(folder), 0); i <= DeepestResults && above is not null; above = Path.GetDirectoryName(above)!, i++)
            if (Directory.Exists(above) && Directory.GetDirectories(above).Where(inner => StageFolder().IsMatch(inner)).Order(StringComparer.Ordinal).ToArray() is { Length: > 0 } found)
                return (i, found);
        return (0, []);
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
