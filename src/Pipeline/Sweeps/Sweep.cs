using OnnxKd.Core.Errors;
using OnnxKd.Core.Files;
using OnnxKd.Core.Text;
using OnnxKd.Pipeline.Recipes;
using OnnxKd.Pipeline.Stages;
using OnnxKd.Pipeline.Terminal;

namespace OnnxKd.Pipeline.Sweeps;

/// <summary>A recipe with other values of some keys, all in one run's folder, so that they share what they can.</summary>
internal static class Sweep
{
    /// <summary>The recipe to go on with, within the run's folder.</summary>
    public const string BestName = "best.yaml";

    /// <summary>The folder of the settings' results, within the run's folder.</summary>
    public const string FolderName = "sweep";

    /// <summary>Where a setting's results are, within the run's folder.</summary>
    public static string FolderOf(SweepSetting setting) => Path.Combine(FolderName, setting.FolderName);

    /// <summary>Runs every setting to its figures. One that diverges, fails a check or cannot work is noted, and the others go on.</summary>
    /// <param name="recipes">The settings, and the recipe that each makes; all have one name.</param>
    /// <param name="halves">Whether those that are behind on the validation set are stopped early.</param>
    /// <param name="jobs">How many are trained at the same time, in processes of their own; what is measured is measured one by one.</param>
    /// <param name="runs">The folder of all runs.</param>
    /// <param name="board">Where it is shown what happens.</param>
    /// <param name="token">Stops the work; what is done stays.</param>
    /// <returns>The figures, which also lie in the run's folder.</returns>
    public static SweepMetrics Run(
        IReadOnlyList<(SweepSetting Setting, Recipe Recipe)> recipes, bool halves, int jobs, string runs, LineBoard board, CancellationToken token)
    {
        using var progress = new SweepProgress(board);
        var context = new SweepContext(recipes, runs, new(board), progress, token);
        SweepMetrics? metrics = null;
        try
        {
            metrics = Run(context, halves, jobs);
        }
        finally
        {
            SweepTracking.End(context, metrics);
        }
        return metrics;
    }

    private static SweepMetrics Run(SweepContext context, bool halves, int jobs)
    {
        var (recipes, progress) = (context.Recipes, context.Progress);
        Recipe[] all = [.. recipes.Select(entry => entry.Recipe)];
        progress.Begin("sweep", halves ? SweepWork.OfHalving(recipes) : SweepWork.Of(all).Sum(work => work.Own + work.Others), SweepProgress.Epochs, all.Length);
        var processes = new SettingProcesses(jobs, context);
        var rounds = halves ? Halving.Run(context, processes) : null;
        int[] last = [.. Enumerable.Range(0, all.Length).Where(i => rounds?[i].GoesOn != false)];
        var works = last.Zip(SweepWork.Of(last.Select(i => all[i]))).ToDictionary(pair => pair.First, pair => pair.Second.After(rounds?[pair.First].Score?.Epochs ?? 0));
        progress.NextRound(last.Length, works.Values.Sum(work => work.Left));
        var failures = processes.Train(last, i => works[i]);
        var isTrained = processes.Take(last);
        if (isTrained)
            progress.Begin("measure", last.Length, "settings", last.Length);

        var results = new List<SettingMetrics>();
        foreach (var (i, (setting, _)) in recipes.Index())
        {
            var result = new SettingMetrics(
                setting.ToString(), setting.Values.ToDictionary(), FolderOf(setting), Validation: rounds?[i].Score).With(rounds?[i].Failure ?? failures.GetValueOrDefault(i));
            if (rounds?[i].GoesOn != false && result.Failure is null)
            {
                context.Reporter.Note($"setting {i + 1} of {recipes.Count}: {setting}");
                using var piece = progress.Start(result.Setting, isTrained ? new(1, 0, 0) : works[i]);
                context.Reporter.Follow = piece.Report;
                result = Run(result, i, context);
            }
            results.Add(result);
        }

        var metrics = new SweepMetrics(recipes[0].Recipe.Name, results).WithSeeds();
        // Of several seeds the one that was best on the validation set, as a student to ship is one.
        var best = Leaderboard.Ranked(metrics.Entries) is [var first, ..] ? first.Seeds.MinBy(setting => setting.Validation) : null;
        metrics = metrics with { Best = best?.Setting };
        var folder = context.Folder;
        new Publisher(folder).Write(SweepMetrics.FileName, CanonicalJson.Serialize(metrics));
        SweepReport.Write(metrics, folder);
        if (best is not null)
            AtomicFile.WriteAllText(Path.Combine(folder, BestName), RecipeFile.Write(recipes[results.IndexOf(best)].Recipe, folder));
        return metrics;
    }

    private static SettingMetrics Run(SettingMetrics result, int i, SweepContext context)
    {
        try
        {
            using var work = context.Open(i);
            var run = work.RunAll();
            var final = context.Recipes[i].Recipe.Final;
            return result with { Run = run, Validation = ValidationScore.Of(work.EventsOf(final), final.Training) };
        }
        catch (OnnxKdException failure) when (SettingFailure.IsOfSetting(failure))
        {
            context.Reporter.Note($"{result.Setting}: {failure.Message}");
            return result.With(SettingFailure.Of(failure));
        }
    }
}
