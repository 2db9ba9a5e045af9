using OnnxKd.Core.Errors;
using OnnxKd.Core.Files;
using OnnxKd.Core.Text;
using OnnxKd.Pipeline.Recipes;
using OnnxKd.Pipeline.Runs;
using OnnxKd.Pipeline.Terminal;

namespace OnnxKd.Pipeline.Sweeps;

/// <summary>A recipe with other values of some keys, all in one run's folder, so that they share what they can.</summary>
internal static class Sweep
{
    /// <summary>The recipe to go on with, within the run's folder.</summary>
    public const string BestName = "best.yaml";

    private const string FolderName = "sweep";

    /// <summary>Where a setting's results are, within the run's folder.</summary>
    public static string FolderOf(SweepSetting setting) => Path.Combine(FolderName, setting.FolderName);

    /// <summary>Runs every setting to its figures. One that diverges or fails a check is noted, and the others go on.</summary>
    /// <param name="recipes">The settings, and the recipe that each makes; all have one name.</param>
    /// <param name="halves">Whether those that are behind on the validation set are stopped early.</param>
    /// <param name="jobs">How many are trained at the same time, in processes of their own; what is measured is measured one by one.</param>
    /// <param name="runs">The folder of all runs.</param>
    /// <param name="reporter">Told what happens.</param>
    /// <param name="token">Stops the work; what is done stays.</param>
    /// <returns>The figures, which also lie in the run's folder.</returns>
    public static SweepMetrics Run(
        IReadOnlyList<(SweepSetting Setting, Recipe Recipe)> recipes, bool halves, int jobs, string runs, StageReporter reporter, CancellationToken token)
    {
        var results = new List<SettingMetrics>();
        var processes = new SettingProcesses(jobs, runs, reporter, token);
        var rounds = halves ? Halving.Run(recipes, runs, processes, reporter, token) : null;
        var failures = processes.Train(recipes, [.. Enumerable.Range(0, recipes.Count).Where(i => rounds?[i].GoesOn != false)]);
        foreach (var (i, (setting, recipe)) in recipes.Index())
        {
            var result = new SettingMetrics(
                setting.ToString(), setting.Values.ToDictionary(), FolderOf(setting), Failure: rounds?[i].Failure ?? failures.GetValueOrDefault(i), Validation: rounds?[i].Score);
            if (rounds?[i].GoesOn != false && result.Failure is null)
            {
                reporter.Note($"setting {i + 1} of {recipes.Count}: {setting}");
                result = Run(result, recipe, runs, reporter, token);
            }
            results.Add(result);
        }

        var best = Leaderboard.Ranked(results) is [var first, ..] ? first : null;
        var metrics = new SweepMetrics(recipes[0].Recipe.Name, results, best?.Setting);
        var folder = RecipeWork.FolderOf(recipes[0].Recipe, runs);
        AtomicFile.WriteAllText(Path.Combine(folder, SweepMetrics.FileName), CanonicalJson.Serialize(metrics));
        AtomicFile.WriteAllText(Path.Combine(folder, "sweep.md"), SweepReport.Markdown(metrics));
        if (best is not null)
            AtomicFile.WriteAllText(Path.Combine(folder, BestName), RecipeFile.Write(recipes[results.IndexOf(best)].Recipe, folder));
        return metrics;
    }

    private static SettingMetrics Run(SettingMetrics result, Recipe recipe, string runs, StageReporter reporter, CancellationToken token)
    {
        try
        {
            using var work = RecipeWork.Open(recipe, runs, reporter, token, result.Folder);
            var run = work.RunAll();
            return result with { Run = run, Validation = ValidationScore.Of(work.EventsOf(recipe.Final)) };
        }
        catch (CheckFailedException failure)
        {
            reporter.Note($"{result.Setting}: {failure.Message}");
            return result with { Failure = failure.Message };
        }
    }
}
