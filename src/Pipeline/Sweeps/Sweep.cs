using OnnxKd.Core.Errors;
using OnnxKd.Core.Files;
using OnnxKd.Core.Text;
using OnnxKd.Pipeline.Recipes;
using OnnxKd.Pipeline.Reports;
using OnnxKd.Pipeline.Stages;
using OnnxKd.Pipeline.Stages.Kinds;
using OnnxKd.Pipeline.Terminal;

namespace OnnxKd.Pipeline.Sweeps;

/// <summary>A recipe with other values of some keys, one setting after the other in one run's folder, so that they share what they can.</summary>
internal static class Sweep
{
    private const string FolderName = "sweep";

    /// <summary>Runs every setting to its figures. One that diverges or fails a check is noted, and the others go on.</summary>
    /// <param name="recipes">The settings, and the recipe that each makes; all have one name.</param>
    /// <param name="runs">The folder of all runs.</param>
    /// <param name="reporter">Told what happens.</param>
    /// <param name="token">Stops the work; what is done stays.</param>
    /// <returns>The figures, which also lie in the run's folder.</returns>
    public static SweepMetrics Run(
        IReadOnlyList<(SweepSetting Setting, Recipe Recipe)> recipes, string runs, StageReporter reporter, CancellationToken token)
    {
        var results = new List<SettingMetrics>();
        foreach (var (setting, recipe) in recipes)
        {
            reporter.Note($"setting {results.Count + 1} of {recipes.Count}: {setting}");
            results.Add(Run(setting, recipe, runs, reporter, token));
        }

        var metrics = new SweepMetrics(recipes[0].Recipe.Name, results);
        var folder = RecipeWork.FolderOf(recipes[0].Recipe, runs);
        AtomicFile.WriteAllText(Path.Combine(folder, SweepMetrics.FileName), CanonicalJson.Serialize(metrics));
        AtomicFile.WriteAllText(Path.Combine(folder, "sweep.md"), Report.Markdown(metrics));
        return metrics;
    }

    private static SettingMetrics Run(SweepSetting setting, Recipe recipe, string runs, StageReporter reporter, CancellationToken token)
    {
        var folder = Path.Combine(FolderName, setting.FolderName);
        var result = new SettingMetrics(setting.ToString(), setting.Values.ToDictionary(), folder);
        try
        {
            using var work = RecipeWork.Open(recipe, runs, reporter, token, folder);
            return result with { Run = EvaluateStage.Evaluate(work) };
        }
        catch (CheckFailedException failure)
        {
            reporter.Note($"{setting}: {failure.Message}");
            return result with { Failure = failure.Message };
        }
    }
}
