using System.Globalization;
using OnnxKd.Core.Errors;
using OnnxKd.Pipeline.Measuring;

namespace OnnxKd.Pipeline.Reports;

/// <summary>A run in a comparison.</summary>
/// <param name="Name">Its name; its folder, where several have that name.</param>
/// <param name="Finished">Whether it is.</param>
/// <param name="Metrics">Its figures; <c>null</c>: it has none yet.</param>
internal sealed record ComparedRun(string Name, bool Finished, RunMetrics? Metrics);

/// <summary>Runs that differ by their seeds alone.</summary>
/// <param name="Runs">Their names.</param>
/// <param name="Quality">The figure that is compared.</param>
/// <param name="Mean">Its mean.</param>
/// <param name="Deviation">Its standard deviation, of a sample.</param>
/// <param name="Least">The smallest.</param>
/// <param name="Most">The largest.</param>
internal sealed record SeedSpread(IReadOnlyList<string> Runs, string Quality, double Mean, double Deviation, double Least, double Most)
{
    /// <summary>One sentence.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture,
        $"{Runs.Count} seeds ({string.Join(", ", Runs)}): {Quality} {Mean:0.00 %} ± {Deviation:0.00 %} (standard deviation), from {Least:0.00 %} to {Most:0.00 %}");
}

/// <summary>Several runs side by side; of one, too, if it is not finished.</summary>
/// <param name="Runs">The runs, in the order in which they were named.</param>
/// <param name="Seeds">Those that differ by their seeds alone, each with the spread of their students.</param>
internal sealed record RunComparison(IReadOnlyList<ComparedRun> Runs, IReadOnlyList<SeedSpread> Seeds)
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
            [.. folders.Zip(names).Where(run => run.First.IsFinished).GroupBy(run => run.First.Settings).Select(group => Spread([.. group])).OfType<SeedSpread>()]);
    }

    /// <summary>The rows of the table: each teacher once, then the students of each run.</summary>
    public IEnumerable<(string Name, ModelMetrics Metrics)> Rows()
    {
        var teachers = new HashSet<(string, double?, double?)>();
        foreach (var run in Runs)
            foreach (var (role, model) in run.Metrics?.Rows() ?? [])
                if (model.Parity is not null || teachers.Add((model.Sha256 ?? model.Model, model.Accuracy, model.Nll)))
                    yield return (Runs.Count == 1 ? role : $"{run.Name}: {role.TrimStart()}", model);
    }

    /// <summary>The rows as the models of one run, for what compares models.</summary>
    public RunMetrics AsOne() => new(
        Runs.Count == 1 ? Runs[0].Name : $"{Runs.Count} runs", 0, Runs.Select(run => run.Metrics?.TestSamples).FirstOrDefault(count => count is not null),
        [.. Rows().Select(row => row.Metrics with { Role = row.Name })]);

    /// <summary>Sentences below the table.</summary>
    public IEnumerable<string> Notes()
    {
        foreach (var run in Runs.Where(run => !run.Finished))
            yield return run.Metrics is null
                ? $"{run.Name} is not finished and has no figures yet; 'onnxkd run' goes on with it"
                : $"{run.Name} is not finished: its figures are those of earlier settings; 'onnxkd run' goes on with it";
        if (Runs.Select(run => run.Metrics?.Teacher).OfType<ModelMetrics>().DistinctBy(teacher => teacher.Sha256 ?? teacher.Model).Count() > 1)
            yield return "agreement and KL are with each run's own teacher";
        foreach (var spread in Seeds)
            yield return spread.ToString();
    }

    private static SeedSpread? Spread(IReadOnlyList<(RunFolder Folder, string Name)> group)
    {
        if (group.DistinctBy(run => run.Folder.Seed).Count() < 2 || Quality.For(group[0].Folder.Metrics!) is not { } quality)
            return null;
        double[] values = [.. group.Select(run => quality.Of(run.Folder.Metrics!.Student!)).OfType<double>()];
        if (values.Length < 2)
            return null;
        var mean = values.Average();
        return new(
            [.. group.Select(run => run.Name)], quality.Name, mean, Math.Sqrt(values.Sum(value => (value - mean) * (value - mean)) / (values.Length - 1)), values.Min(), values.Max());
    }

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
