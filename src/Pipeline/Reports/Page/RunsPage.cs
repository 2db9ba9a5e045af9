using System.Globalization;
using System.Xml.Linq;
using OnnxKd.Pipeline.Measuring;
using OnnxKd.StudentTrainer.Training;

namespace OnnxKd.Pipeline.Reports.Page;

/// <summary>The page of several runs side by side, and of a run that is not finished: figures, front and curves, as far as they are there.</summary>
internal static class RunsPage
{
    /// <summary>The page.</summary>
    /// <param name="comparison">The runs.</param>
    /// <param name="folders">Their folders, in the same order.</param>
    public static string Write(RunComparison comparison, IReadOnlyList<RunFolder> folders) =>
        Write(comparison.AsOne().Name, Verdict(comparison, comparison.AsOne()), comparison, folders);

    /// <summary>The page of runs that more is known of.</summary>
    /// <param name="title">Its title.</param>
    /// <param name="verdict">What it says, in a few sentences.</param>
    /// <param name="comparison">The runs.</param>
    /// <param name="folders">Their folders, in the same order.</param>
    /// <param name="more">What follows the figures.</param>
    public static string Write(string title, IEnumerable<string> verdict, RunComparison comparison, IReadOnlyList<RunFolder> folders, params object[] more)
    {
        var one = comparison.AsOne();
        var named = comparison.Runs.Zip(folders, (run, folder) => (run.Name, Folder: folder)).ToArray();
        return PageFrame.Write(
            title, verdict,
            comparison.Rows().Any() ? FiguresPart.Write(comparison.Rows(), Report.Notes(one with { Models = [.. one.Models.Select(model => model with { Parity = null })] })) : [],
            more, SeedsPart.Write(comparison.Seeds), FiguresPart.Fronts(one),
            named is [var only] ? TrainingPart.Write(only.Folder.Trainings) : Curves(named),
            named is [var alone] ? [.. Open(alone.Folder), .. Origin(alone.Folder)] : named.SelectMany((run, i) => OneRun(run.Name, run.Folder, $"run{i}")));
    }

    private static IEnumerable<string> Verdict(RunComparison comparison, RunMetrics one)
    {
        if (Quality.For(one) is { } quality && one.Models.Where(model => model.Parity is not null && quality.Of(model) is not null).ToArray() is { Length: > 1 } students
            && comparison.Runs.Count > 1 && comparison.Seeds.All(group => group.Runs.Count < comparison.Runs.Count))
            yield return string.Create(CultureInfo.InvariantCulture, $"The lowest {quality.Name} is that of {students.MinBy(quality.Of)!.Role}: {quality.Of(students.MinBy(quality.Of)!):0.00 %}.");
        foreach (var verdict in comparison.Verdicts())
            yield return verdict;
        foreach (var note in comparison.Notes())
            yield return $"{Sentence(note)}.";
    }

    /// <summary>A note as it begins a sentence.</summary>
    public static string Sentence(string note) => $"{char.ToUpperInvariant(note[0])}{note[1..]}";

    /// <summary>The same figure of all runs in one chart; where a run trained several students, of the first.</summary>
    private static IEnumerable<object> Curves(IReadOnlyList<(string Name, RunFolder Folder)> runs)
    {
        var trained = runs.Select(run => (run.Name, Epochs: (run.Folder.Trainings.FirstOrDefault(training => training.Role == Recipes.StageRules.Student) ?? run.Folder.Trainings.FirstOrDefault())?.Epochs ?? []))
            .Where(run => run.Epochs.Count > 0).ToArray();
        if (trained.Length == 0)
            yield break;
        yield return new XElement("h2", "Training");
        foreach (var (name, of) in TrainingPart.Measured(trained.SelectMany(run => run.Epochs)).Select(figure => ($"validation {figure.Name}", figure.Of)).Prepend(("loss", e => e.Loss)).Append(("learning rate", e => e.LearningRate)))
        {
            Curve[] curves = [.. trained.Where(run => run.Epochs.Any(e => of(e) is not null)).Select(run => Curve(run.Name, run.Epochs, of))];
            if (curves.Length > 0)
                yield return Charts.OverEpochs(
                    name.Replace(' ', '-'), Html.Text($"The {name} of {string.Join(", ", curves.Select(curve => curve.Name))} over epochs."), name, curves, spansOrders: name == "loss");
        }

        static Curve Curve(string name, IReadOnlyList<EpochEvent> epochs, Func<EpochEvent, double?> of) =>
            new(Html.Text(name), [.. epochs.Select(e => ((double)e.Epoch, of(e)))]);
    }

    /// <summary>A run: folded, all that its own page says; without figures what is there.</summary>
    private static IEnumerable<object> OneRun(string name, RunFolder folder, string id)
    {
        yield return new XElement("h2", Html.Text(name));
        foreach (var note in Open(folder))
            yield return note;
        yield return new XElement("details",
            new XElement("summary", Html.Text($"{(folder.Story is null ? "" : "Figures, differences, ")}curves and origin of {name}")),
            Html.Below(id, name, Inside(folder)));
    }

    private static object[] Inside(RunFolder folder)
    {
        if (folder.Story is not { } story)
            return [TrainingPart.Write(folder.Trainings), Origin(folder)];
        var verdict = string.Join(' ', Quality.Verdict(story.Metrics));
        return verdict.Length == 0 ? HtmlReport.Parts(story) : [new XElement("p", Html.Text(verdict)), .. HtmlReport.Parts(story)];
    }

    private static IEnumerable<XElement> Open(RunFolder folder) => folder.IsFinished ? []
        : folder.Unmeasured.Count > 0 ? folder.Unmeasured.Select(what => Html.Note($"{what}."))
        : [Html.Note(folder.Sweep?.Ending is { } ending ? $"This setting {ending}." : $"Not finished: {string.Join(", ", folder.Begun)}.")];

    private static IEnumerable<object> Origin(RunFolder folder) => OriginPart.Write(folder.Metrics?.Models ?? [], folder.OwnStages, folder.Recipe, folder.Replay);
}
