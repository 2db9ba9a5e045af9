using OnnxKd.Pipeline.Tracking;

namespace OnnxKd.Pipeline.Sweeps;

/// <summary>What an MLflow server is told of a sweep as a whole; of its settings their own runs tell.</summary>
internal static class SweepTracking
{
    /// <summary>Says how it ended, where a setting was told of.</summary>
    /// <param name="context">The sweep.</param>
    /// <param name="metrics">Its figures; <c>null</c>: it did not get so far.</param>
    public static void End(SweepContext context, SweepMetrics? metrics)
    {
        var recipe = context.Recipes[0].Recipe;
        if (MlflowServer.Find(recipe.Tracking, context.Reporter.NoteOnce) is not { } server)
            return;
        var status = metrics is null ? context.Token.IsCancellationRequested ? "KILLED" : "FAILED" : metrics.Settings.All(setting => setting.Failure is null) ? "FINISHED" : "FAILED";
        var varied = context.Recipes.SelectMany(entry => entry.Setting.Values).GroupBy(value => value.Key)
            .Select(key => new KeyValuePair<string, string>(key.Key, string.Join(", ", key.Select(value => value.Value).Distinct())));
        new MlflowSweep(context.Folder, recipe.Name, context.Identity).End(server, status, varied, metrics?.Best, context.Reporter.Warn);
    }
}
