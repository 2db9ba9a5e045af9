using OnnxKd.Core.Errors;
using OnnxKd.Pipeline.Measuring;

namespace OnnxKd.Pipeline.Reports;

/// <summary>A run in a comparison.</summary>
/// <param name="Name">Its name; where several have that name, as much of its folder as tells them apart.</param>
/// <param name="Finished">Whether it is.</param>
/// <param name="Metrics">Its figures; <c>null</c>: it has none yet.</param>
internal sealed record ComparedRun(string Name, bool Finished, RunMetrics? Metrics)
{
    /// <summary>Of a setting of a sweep that is over, why it has no figures; <c>null</c>: it has some, or may get some.</summary>
    public string? Ending { get; init; }

    /// <summary>Its models that its figures do not tell of, a sentence each; <c>null</c>: there are none.</summary>
    public IReadOnlyList<string>? Unmeasured { get; init; }
}

/// <summary>Several runs side by side; of one, too, if it is not finished.</summary>
/// <param name="Runs">The runs, in the order in which they were named.</param>
/// <param name="Seeds">Those that differ by their seeds alone, put together.</param>
internal sealed record RunComparison(IReadOnlyList<ComparedRun> Runs, IReadOnlyList<SeedGroup> Seeds)
{
    /// <summary>Compares runs.</summary>
    /// <param name="folders">The runs.</param>
    /// <param name="areOneSweep">Whether they are the settings of one sweep: what data that varies is in their names.</param>
    /// <exception cref="InputException">They were measured on different data, or one was named twice.</exception>
    public static RunComparison Of(IReadOnlyList<RunFolder> folders, bool areOneSweep = false)
    {
        RequireDistinct(folders);
        if (!areOneSweep)
            RequireSameData(folders);
        var names = NamesOf(folders);
        return new(
            [.. folders.Zip(names, (folder, name) => new ComparedRun(name, folder.IsFinished, folder.Metrics) { Ending = folder.Sweep?.Ending, Unmeasured = folder.Unmeasured is { Count: > 0 } unmeasured ? unmeasured : null })],
            [
                .. folders.Zip(names).Where(run => run.First.IsFinished).GroupBy(run => run.First.Settings)
                    .Select(group => group.DistinctBy(run => run.First.Seed).ToArray()).Where(group => group.Length > 1)
                    .Select(group => SeedGroup.Of(group[0].First.Sweep?.Group, [.. group.Select(run => (run.Second, run.First.Metrics!))])),
            ]);
    }

    /// <summary>The names of runs; those that share one have as many last folders of their paths as tell them apart.</summary>
    private static string[] NamesOf(IReadOnlyList<RunFolder> folders)
    {
        return [.. folders.Select(folder => folders.Where(other => other.Name == folder.Name).ToArray() is [_, _, ..] same ? Shortest(folder, same) : folder.Name)];

        static string Shortest(RunFolder folder, IReadOnlyList<RunFolder> same)
        {
            var parts = Parts(folder);
            var length = Enumerable.Range(1, parts.Length).First(count => count == parts.Length || same.Count(other => Parts(other).TakeLast(count).SequenceEqual(parts.TakeLast(count))) == 1);
            return string.Join('/', parts.TakeLast(length));
        }

        static string[] Parts(RunFolder folder) => Path.GetFullPath(folder.Folder).Split(Path.DirectorySeparatorChar, StringSplitOptions.RemoveEmptyEntries);
    }

    /// <summary>The rows of the table: each teacher once, then the students of each run, those of runs that differ by their seeds together.</summary>
    public IEnumerable<(string Name, IReadOnlyList<ModelMetrics> Seeds)> Rows()
    {
        var (teachers, units) = (new HashSet<(string, double?, double?)>(), Units().ToArray());
        foreach (var (name, runs) in units)
            foreach (var (role, models) in SeedGroup.Rows(runs))
            {
                // A teacher that all seeds have is one model.
                var distinct = models.Any(model => model.Parity is not null) ? models : [.. models.DistinctBy(Identity)];
                if (models.Any(model => model.Parity is not null) || distinct.Select(Identity).Count(teachers.Add) > 0)
                    yield return (units.Length == 1 ? role : $"{name}: {role.TrimStart()}", distinct);
            }

        static (string, double?, double?) Identity(ModelMetrics model) => (model.Sha256 ?? model.Model, model.Accuracy, model.Nll);
    }

    /// <summary>The rows as the models of one run, for what compares models; of several seeds their means.</summary>
    public RunMetrics AsOne() => new(
        Units().ToArray() is [var only] ? only.Name : $"{Runs.Count} runs", 0, Runs.Select(run => run.Metrics?.TestSamples).FirstOrDefault(count => count is not null),
        [.. Rows().Select(row => Mean(row.Seeds) with { Role = row.Name })]);

    /// <summary>What is shown as one: a group of seeds, or a run alone; in the order of the runs.</summary>
    private IEnumerable<(string Name, IReadOnlyList<RunMetrics> Runs)> Units()
    {
        var shown = new HashSet<SeedGroup>();
        foreach (var run in Runs)
            if (Seeds.FirstOrDefault(group => group.Runs.Any(one => one.Name == run.Name)) is not { } group)
                yield return (run.Name, run.Metrics is { } alone ? [alone] : []);
            else if (shown.Add(group))
                yield return (group.Name, [.. group.Runs.Select(one => Runs.First(other => other.Name == one.Name).Metrics!)]);
    }

    private static ModelMetrics Mean(IReadOnlyList<ModelMetrics> seeds)
    {
        return seeds is [var only] ? only : seeds[0] with
        {
            Accuracy = Of(model => model.Accuracy), Agreement = Of(model => model.Agreement), CharacterErrorRate = Of(model => model.CharacterErrorRate),
            FileBytes = (long?)Of(model => model.FileBytes), LatencyMsP50 = Of(model => model.LatencyMsP50), Collapse = seeds.Select(model => model.Collapse).FirstOrDefault(why => why is not null),
        };

        double? Of(Func<ModelMetrics, double?> figure) => seeds.Average(figure);
    }

    /// <summary>Sentences below the table.</summary>
    public IEnumerable<string> Notes()
    {
        foreach (var (run, what) in Runs.SelectMany(run => run.Unmeasured ?? [], (run, what) => (run, what)))
            yield return $"run {run.Name}: {what}";
        foreach (var run in Runs.Where(run => !run.Finished && run.Unmeasured is null))
            yield return run.Ending is { } ending ? $"setting {run.Name} {ending}"
                : run.Metrics is null ? $"run {run.Name} is not finished and has no figures yet; 'onnxkd run' goes on with it"
                : $"run {run.Name} is not finished: its figures are those of earlier settings; 'onnxkd run' goes on with it";
        if (Runs.Select(run => run.Metrics?.Teacher).OfType<ModelMetrics>().DistinctBy(teacher => teacher.Sha256 ?? teacher.Model).Count() > 1)
            yield return "agreement and KL are with each run's own teacher";
    }

    /// <summary>What the seeds of each group say together.</summary>
    public IEnumerable<string> Verdicts() => Seeds.Where(group => group.Verdict.Count > 0)
        .Select(group => $"{(Seeds.Count == 1 && Runs.Count == group.Runs.Count ? "" : $"{group.Name}: ")}{string.Join(' ', group.Verdict)}");

    private static void RequireDistinct(IReadOnlyList<RunFolder> folders)
    {
        if (folders.GroupBy(folder => Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder.Folder))).FirstOrDefault(group => group.Count() > 1)?.Key is { } twice)
            throw new InputException("A run is named twice.", twice, remedy: "name each once");
    }

    private static void RequireSameData(IReadOnlyList<RunFolder> folders)
    {
        if (folders.Count < 2)
            return;
        RunFolder? first = null;
        foreach (var folder in folders.Where(folder => folder.Metrics is not null))
        {
            if (folder.Data is null)
                throw new InputException(
                    "It is not known what a run was measured on.", folder.Folder, "no stage that made its figures", remedy: "run it again: what is there is reused");
            first ??= folder;
            if (first.Data!.Keys.Union(folder.Data.Keys).FirstOrDefault(key => first.Data.GetValueOrDefault(key) != folder.Data.GetValueOrDefault(key)) is { } differs)
                throw new InputException(
                    "Runs were measured on different data.", folder.Folder, $"{differs} {folder.Data.GetValueOrDefault(differs, "none")}",
                    $"{first.Data.GetValueOrDefault(differs, "none")}, as in {first.Folder}", "compare runs with the same data.test");
        }
    }
}
