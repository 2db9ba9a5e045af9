using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Files;
using OnnxKd.Core.Limits;
using OnnxKd.Pipeline.Deployment;
using OnnxKd.Pipeline.Recipes;
using OnnxKd.Pipeline.Runs;
using OnnxKd.Pipeline.Terminal;

namespace OnnxKd.Pipeline.Sweeps;

/// <summary>
/// Trains settings of a sweep in processes of their own, several at the same time. What they make lies in the folders of stages, where it is found when the settings
/// are run one after the other.
/// </summary>
/// <param name="jobs">How many at the same time; 1: none, since whoever runs them trains them then.</param>
/// <param name="runs">The folder of all runs.</param>
/// <param name="reporter">Told what happens.</param>
/// <param name="token">Stops them; each saves a checkpoint.</param>
internal sealed class SettingProcesses(int jobs, string runs, StageReporter reporter, CancellationToken token)
{
    /// <summary>The command that each process runs.</summary>
    public const string Command = "train-setting";

    /// <summary>Its option that says where the setting's results go, within the run's folder.</summary>
    public const string ResultsOption = "--results";

    /// <summary>Its option that says after which epoch to stop.</summary>
    public const string UntilOption = "--until";

    private const string Unit = "settings";

    /// <summary>Trains some of them.</summary>
    /// <param name="recipes">All settings, and the recipe that each makes; all have one name.</param>
    /// <param name="which">The places of those to train.</param>
    /// <param name="epochs">After how many epochs a training stops; <c>null</c>: at its end, and what follows it is done too.</param>
    /// <returns>By the place of a setting why it failed.</returns>
    public IReadOnlyDictionary<int, string> Train(
        IReadOnlyList<(SweepSetting Setting, Recipe Recipe)> recipes, IReadOnlyList<int> which, Func<Recipe, int>? epochs = null)
    {
        var failures = new ConcurrentDictionary<int, string>();
        if (jobs == 1 || which.Count < 2)
            return failures;
        RunShared(recipes[which[0]]);
        var run = RecipeWork.FolderOf(recipes[0].Recipe, runs);
        using var folderLock = FolderLock.Acquire(run);
        reporter.Started($"{Unit}, {jobs} at a time", run);
        var (start, done) = (Stopwatch.GetTimestamp(), 0);
        try
        {
            Parallel.ForEach(Partitioner.Create(which, EnumerablePartitionerOptions.NoBuffering), new() { MaxDegreeOfParallelism = jobs, CancellationToken = token }, TrainOne);
        }
        catch (AggregateException error) when (error.InnerExceptions.OfType<OnnxKdException>().FirstOrDefault() is { } known)
        {
            reporter.Broken();
            throw known;
        }
        catch (AggregateException error) when (error.InnerExceptions.All(inner => inner is OperationCanceledException))
        {
            throw new OperationCanceledException(token);
        }
        reporter.Finished(Unit, Stopwatch.GetElapsedTime(start).TotalSeconds);
        return failures;

        void TrainOne(int i)
        {
            try
            {
                OwnProcess.Run(Words(recipes[i], run, epochs?.Invoke(recipes[i].Recipe)), token, gently: true);
            }
            catch (CheckFailedException failure)
            {
                failures[i] = failure.Message;
                reporter.Note($"{recipes[i].Setting}: {failure.Message}");
            }
            reporter.Report(new(Unit, Interlocked.Increment(ref done), which.Count, Unit, $"{recipes[i].Setting}"));
        }
    }

    /// <summary>Runs what the first training needs with all threads, since the others mostly need the same: the teachers' capture.</summary>
    private void RunShared((SweepSetting Setting, Recipe Recipe) first)
    {
        try
        {
            using var work = RecipeWork.Open(first.Recipe, runs, reporter, token, Sweep.FolderOf(first.Setting));
            work.RunNeedsOf(first.Recipe.Final);
        }
        catch (CheckFailedException)
        {
            // Its own process finds the same, and others may need something else.
        }
    }

    private IReadOnlyList<string> Words((SweepSetting Setting, Recipe Recipe) entry, string run, int? epochs)
    {
        var (recipe, results) = (entry.Recipe, Sweep.FolderOf(entry.Setting));
        var folder = Directory.CreateDirectory(Path.Combine(run, results)).FullName;
        RecipeWork.WriteRecipe(recipe, folder);
        var threads = recipe.Final.Training.Threads ?? Math.Max(1, Environment.ProcessorCount / jobs);
        return
        [
            Command, Path.Combine(folder, RecipeFile.ResolvedName), "--runs", Path.GetFullPath(runs), ResultsOption, results,
            "--threads", Number(threads), ModelLimits.MemoryOption, Number(ModelLimits.Memory >> 20), ModelLimits.TimeOption, Number(ModelLimits.Time.TotalSeconds),
            .. epochs is { } until ? new[] { UntilOption, Number(until) } : [],
        ];
    }

    private static string Number<T>(T number) where T : IFormattable => number.ToString(null, CultureInfo.InvariantCulture);
}
