using OnnxKd.Core.Errors;
using OnnxKd.Pipeline.Measuring;

namespace OnnxKd.Pipeline.Reports;

/// <summary>A run in a comparison.</summary>
/// <param name="Name">Its name; its folder, where several have that name.</param>
/// <param name="Finished">Whether it is.</param>
/// <param name="Metrics">Its figures; <c>null</c>: it has none yet.</param>
internal sealed record ComparedRun(string Name, bool Finished, RunMetrics? Metrics);

/// <summary>Several runs side by side; of one, too, if it is not finished.</summary>
/// <param name="Runs">The runs, in the order in which they were named.</param>
/// <param name="Seeds">Those that differ by their seeds alone, put together.</param>
internal sealed record RunComparison(IReadOnlyList<ComparedRun> Runs, IReadOnlyList<SeedGroup> Seeds)
{
    /// <summary>Compares runs.</summary>
    /// <exception cref="InputException">They were measured on different data, or one was named twice.</exception>
    public static RunComparison Of(IReadOnlyList<RunFolder> folders)
    {
        RequireDistinct(folders);
        RequireSameData(folders);
        string[] names = [.. folders.Select(folder => folders.Count(other => other.Name == folder.Name) == 1 ? folder.Name : folder.Folder)];
        return new(
            [.. folders.Zip(names, (folder, name) => new ComparedRun(name, folder.IsFinished, folder.Metrics))],
            [
                .. folders.Zip(names).Where(run => run.First.IsFinished).GroupBy(run => run.First.Settings)
                    .Select(group => group.DistinctBy(run => run.First.Seed).Select(run => (run.Second, run.First.Metrics!)).ToArray())
                    .Where(group => group.Length > 1).Select(group => SeedGroup.Of(null, group)),
            ]);
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
            FileBytes = (long?)Of(model => model.FileBytes), Collapse = seeds.Select(model => model.Collapse).FirstOrDefault(why => why is not null),
        };

        double? Of(Func<ModelMetrics, double?> figure) => seeds.Average(figure);
    }

    /// <summary>Sentences below the table.</summary>
    public IEnumerable<string> Notes()
    {
        foreach (var run in Runs.Where(run => !run.Finished))
            yield return run.Metrics is null
                ? $"{run.Name} is not finished and has no figures yet; 'onnxkd run' goes on with it"
                : $"{run.Name} is not finished: its figures are those of earlier settings; 'onnxkd run' goes on with it";
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
