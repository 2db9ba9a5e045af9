using System.Globalization;
using System.Text.Json;
using OnnxKd.Core.Text;
using OnnxKd.Pipeline.Measuring;
using OnnxKd.Pipeline.Recipes;

namespace OnnxKd.Pipeline.Reports;

/// <summary>A run among those that differ by their seeds alone.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Seed">Its seed.</param>
/// <param name="Student">The figure of its student that is compared, of which less is better; <c>null</c>: not known.</param>
/// <param name="Baseline">That of its baseline.</param>
/// <param name="Teacher">That of its teacher.</param>
internal sealed record SeedRun(string Name, ulong Seed, double? Student, double? Baseline, double? Teacher)
{
    /// <summary>The share of the gap between baseline and teacher that the student closes; <c>null</c>: there is no gap.</summary>
    public double? Gap { get; init; } = Teacher < Baseline ? (Baseline - Student) / (Baseline - Teacher) : null;

    /// <summary>How much better the student is than the same network without a teacher.</summary>
    public double? Gain { get; init; } = Baseline - Student;
}

/// <summary>A model of runs that differ by their seeds alone.</summary>
/// <param name="Role">What it is in each of them.</param>
/// <param name="Figures">Each of its figures over the seeds, by the name that it has in <c>metrics.json</c>.</param>
internal sealed record SeedModel(string Role, IReadOnlyDictionary<string, Spread> Figures);

/// <summary>Runs that differ by their seeds alone, as one.</summary>
/// <param name="Name">What they are called together.</param>
/// <param name="Runs">The runs.</param>
/// <param name="Models">Their models.</param>
/// <param name="Quality">The figure that is compared; <c>null</c>: there is none.</param>
internal sealed record SeedGroup(string Name, IReadOnlyList<SeedRun> Runs, IReadOnlyList<SeedModel> Models, string? Quality)
{
    private const int MostNamed = 8;

    /// <summary>The student's figure; <c>null</c>: not known for every seed.</summary>
    public Spread? Student { get; init; } = Over(Runs, run => run.Student);

    /// <summary>The share of the gap that is closed, of the seeds that have one.</summary>
    public Spread? Gap { get; init; } = Over(Runs, run => run.Gap);

    /// <summary>How much better the student is than the baseline of the same seed.</summary>
    public Spread? Gain { get; init; } = Over(Runs, run => run.Gain);

    /// <summary>What they say together, in sentences.</summary>
    public IReadOnlyList<string> Verdict { get; init; } = [.. Sentences(Runs, Quality)];

    /// <summary>Puts runs together.</summary>
    /// <param name="name">What they are called together; <c>null</c>: by what their names have in common.</param>
    /// <param name="runs">Runs of one recipe, each with another seed.</param>
    public static SeedGroup Of(string? name, IReadOnlyList<(string Name, RunMetrics Metrics)> runs)
    {
        var quality = Reports.Quality.For(runs[0].Metrics);
        return new(
            name ?? NameOf([.. runs.Select(run => run.Name)]),
            [
                .. runs.Select(run => new SeedRun(
                    run.Name, run.Metrics.Seed, Of(run.Metrics.Student), Of(run.Metrics.Models.FirstOrDefault(model => model.Role == StageRules.Baseline)), Of(run.Metrics.Teacher))),
            ],
            [.. Rows([.. runs.Select(run => run.Metrics)]).Select(row => new SeedModel(row.Role.TrimStart(), Figures(row.Models)))],
            quality?.Name);

        double? Of(ModelMetrics? model) => model is null ? null : quality?.Of(model);
    }

    /// <summary>The rows of runs that differ by their seeds: each role once, with the models that have it.</summary>
    public static IEnumerable<(string Role, IReadOnlyList<ModelMetrics> Models)> Rows(IReadOnlyList<RunMetrics> runs) =>
        runs.SelectMany(run => run.Rows()).GroupBy(row => row.Name).Where(role => role.Count() == runs.Count)
            .Select(role => (role.Key, (IReadOnlyList<ModelMetrics>)[.. role.Select(row => row.Metrics)]));

    private static IReadOnlyDictionary<string, Spread> Figures(IReadOnlyList<ModelMetrics> models) =>
        new SortedDictionary<string, Spread>(models.SelectMany(model => JsonSerializer.SerializeToElement(model, CanonicalJson.Options).EnumerateObject())
            .Where(figure => figure.Value.ValueKind == JsonValueKind.Number).GroupBy(figure => figure.Name).Where(figure => figure.Count() == models.Count)
            .ToDictionary(figure => figure.Key, figure => Spread.Of([.. figure.Select(one => one.Value.GetDouble())])), StringComparer.Ordinal);

    private static string NameOf(IReadOnlyList<string> names)
    {
        var shared = names[0];
        while (!names.All(name => name.StartsWith(shared, StringComparison.Ordinal)))
            shared = shared[..^1];
        shared = shared.TrimEnd('-', '_', '.', '=', '/', '\\');
        return $"{(shared.Length > 1 ? shared : names.Count <= MostNamed ? string.Join(", ", names) : $"{names[0]} to {names[^1]}")} ({names.Count} seeds)";
    }

    private static Spread? Over(IReadOnlyList<SeedRun> runs, Func<SeedRun, double?> figure) => runs.Select(figure).OfType<double>().ToArray() is { Length: > 1 } values ? Spread.Of(values) : null;

    private static IEnumerable<string> Sentences(IReadOnlyList<SeedRun> runs, string? quality)
    {
        if (Over(runs, run => run.Student) is not { } student || student.Count < runs.Count)
            yield break;
        yield return Text($"Over {runs.Count} seeds the student's {quality} is {student.Mean:0.00 %} ± {student.Deviation:0.00 %} (standard deviation), from {student.Least:0.00 %} to {student.Most:0.00 %}.");
        if (Over(runs, run => run.Teacher) is { Mean: > 0 } teacher)
            yield return $"The teacher's is {teacher.Show(Share)}.";
        if (Over(runs, run => run.Baseline) is not { } baseline || Over(runs, run => run.Gain) is not { } gain || gain.Count < runs.Count)
            yield break;
        yield return $"The same network without a teacher has {baseline.Show(Share)}.";
        if (Over(runs, run => run.Gap) is { } gap)
            yield return Text($"Distillation closes {gap.Mean:0 %} ± {gap.Deviation:0 %} of the gap between the two{Each(runs)}.");
        yield return Judgement(gain);
    }

    /// <summary>Whether more than the seeds explains the difference: the 95 % interval of its mean over seeds.</summary>
    private static string Judgement(Spread gain)
    {
        var (low, high) = (gain.Mean - gain.HalfInterval(), gain.Mean + gain.HalfInterval());
        var interval = Text($"95 % interval of the mean, seed by seed: {100 * low:0.00} to {100 * high:0.00} points");
        return low > 0 ? Text($"It helps: {100 * gain.Mean:0.00} points fewer than without a teacher ({interval}).")
            : high < 0 ? Text($"It does harm: {-100 * gain.Mean:0.00} points more than without a teacher ({interval}).")
            : gain is { Least: 0, Most: 0 } ? "It makes no difference: with each seed both are the same."
            : gain.Least > 0 ? $"With each of these seeds it is better, but by so different amounts that more of them are needed to say so ({interval})."
            : Text($"These seeds do not show whether it helps ({interval}); more of them would.");
    }

    private static string Each(IReadOnlyList<SeedRun> runs) => runs.Count > MostNamed ? "" : $" ({string.Join(", ", runs.Select(run => run.Gap is { } gap ? Text($"seed {run.Seed}: {gap:0 %}") : $"seed {run.Seed}: no gap"))})";

    private static string Share(double value) => value.ToString("0.00 %", CultureInfo.InvariantCulture);

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
