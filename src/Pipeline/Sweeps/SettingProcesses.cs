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
/// <param name="context">The sweep.</param>
internal sealed class SettingProcesses(int jobs, SweepContext context)
{
    /// <summary>The command that each process runs.</summary>
    public const string Command = "train-setting";

    /// <summary>Its option that says where the setting's results go, within the run's folder.</summary>
    public const string ResultsOption = "--results";

    /// <summary>Its option that tells the sweep from others.</summary>
    public const string SweepOption = "--sweep";

    /// <summary>Its option that says after which epoch to stop.</summary>
    public const string UntilOption = "--until";

    private const string Unit = "settings";

    /// <summary>Whether settings are trained here, and not by whoever runs them.</summary>
    public bool Take(IReadOnlyList<int> which) => jobs > 1 && which.Count > 1;

    /// <summary>Trains some of them.</summary>
    /// <param name="which">The places of those to train.</param>
    /// <param name="work">How much of the sweep the training of a setting is.</param>
    /// <param name="epochs">After how many epochs a training stops; <c>null</c>: at its end, and what follows it is done too.</param>
    /// <returns>By the place of a setting why it failed.</returns>
    public IReadOnlyDictionary<int, SettingFailure> Train(IReadOnlyList<int> which, Func<int, SweepWork> work, Func<Recipe, int>? epochs = null)
    {
        var (recipes, reporter, run, token) = (context.Recipes, context.Reporter, context.Folder, context.Token);
        var failures = new ConcurrentDictionary<int, SettingFailure>();
        if (!Take(which))
            return failures;
        RunShared(which[0]);
        using var folderLock = FolderLock.Acquire(run);
        reporter.Note($"{Unit}: {jobs} at a time");
        var start = Stopwatch.GetTimestamp();
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
            using var piece = context.Progress.Start($"{recipes[i].Setting}", work(i), hasLine: true);
            try
            {
                OwnProcess.Run(Words(recipes[i], epochs?.Invoke(recipes[i].Recipe)), token, gently: true, Hear);
            }
            catch (OnnxKdException failure) when (SettingFailure.IsOfSetting(failure))
            {
                failures[i] = SettingFailure.Of(failure);
                reporter.Note($"{recipes[i].Setting}: {failure.Message}");
            }

            void Hear(string text)
            {
                var line = ProgressLine.Parse(text);
                if (line is { Stage: { } stage, Progress: { } known })
                    piece.Report(stage, known);
                if (line?.Warning is { } warning)
                    reporter.Warn(warning);
            }
        }
    }

    /// <summary>Runs what the first training needs with all threads, since the others mostly need the same: the teachers' capture.</summary>
    private void RunShared(int first)
    {
        try
        {
            using var work = context.Open(first);
            work.RunNeedsOf(context.Recipes[first].Recipe.Final);
        }
        catch (OnnxKdException failure) when (SettingFailure.IsOfSetting(failure))
        {
            // Its own process finds the same, and others may need something else.
        }
    }

    private IReadOnlyList<string> Words((SweepSetting Setting, Recipe Recipe) entry, int? epochs)
    {
        var (recipe, results) = (entry.Recipe, Sweep.FolderOf(entry.Setting));
        var folder = Directory.CreateDirectory(Path.Combine(context.Folder, results)).FullName;
        RecipeWork.WriteRecipe(recipe, folder);
        var threads = recipe.Final.Training.Threads ?? Math.Max(1, Environment.ProcessorCount / jobs);
        return
        [
            Command, Path.Combine(folder, RecipeFile.ResolvedName), "--runs", Path.GetFullPath(context.Runs), ResultsOption, results, SweepOption, context.Identity,
            "--threads", Number(threads), ModelLimits.MemoryOption, Number(ModelLimits.Memory >> 20), ModelLimits.TimeOption, Number(ModelLimits.Time.TotalSeconds),
            .. epochs is { } until ? new[] { UntilOption, Number(until) } : [],
        ];
    }

    private static string Number<T>(T number) where T : IFormattable => number.ToString(null, CultureInfo.InvariantCulture);
}
