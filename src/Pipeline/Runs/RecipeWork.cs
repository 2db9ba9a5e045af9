using OnnxKd.Core.Errors;
using OnnxKd.Core.Files;
using OnnxKd.Pipeline.Measuring;
using OnnxKd.Pipeline.Recipes;
using OnnxKd.Pipeline.Stages;
using OnnxKd.Pipeline.Stages.Kinds;
using OnnxKd.Pipeline.Sweeps;
using OnnxKd.Pipeline.Terminal;
using OnnxKd.Pipeline.Tracking;
using OnnxKd.StudentTrainer.Training;

namespace OnnxKd.Pipeline.Runs;

/// <summary>
/// A recipe at work in its run folder. What is finished is reused, so every command runs the graph up to the stages that it wants.
/// </summary>
internal sealed class RecipeWork : IDisposable
{
    private readonly FolderLock? folderLock;
    private readonly RecipeGraph graph;
    private readonly StageRunner runner;
    private readonly Publisher publisher;
    private readonly MlflowRun? tracker;
    private readonly StageResults results = new();
    private readonly CancellationToken token;
    private string? status;

    private RecipeWork(
        RecipeGraph graph, string run, string folder, FolderLock? folderLock, StageReporter reporter, MlflowServer? server, string? sweep, CancellationToken token)
    {
        (this.graph, this.folderLock, this.token, Folder) = (graph, folderLock, token, folder);
        tracker = server is null ? null : new(server, graph.Recipe, folder, reporter.Warn, sweep is null ? null : new(run, graph.Recipe.Name, sweep));
        (runner, publisher) = (new(run, reporter, tracker, sharesFolder: folderLock is null), new(folder, reporter.NoteOnce));
    }

    /// <summary>Where the results are: the run's folder, or one within it.</summary>
    public string Folder { get; }

    /// <summary>The recipe's stages.</summary>
    public IReadOnlyList<Stage> Stages => graph.Stages.Stages;

    /// <summary>The folder of a recipe's run.</summary>
    /// <param name="recipe">The recipe.</param>
    /// <param name="runs">The folder of all runs.</param>
    public static string FolderOf(Recipe recipe, string runs) => Path.GetFullPath(Path.Combine(runs, recipe.Name));

    /// <summary>Writes the resolved recipe into the run's folder.</summary>
    public static void WriteRecipe(Recipe recipe, string folder) =>
        AtomicFile.WriteAllText(Path.Combine(folder, RecipeFile.ResolvedName), RecipeFile.Write(recipe, folder));

    /// <summary>Opens the recipe's sets, checks all that can be checked without running a model, and takes the run folder.</summary>
    /// <param name="recipe">What to do.</param>
    /// <param name="runs">The folder of all runs; the run is the folder below it that has the recipe's name.</param>
    /// <param name="reporter">Told what happens.</param>
    /// <param name="token">Stops the work; what is done stays.</param>
    /// <param name="results">Where the results go, within the run's folder; default: there.</param>
    /// <param name="sharesFolder">Whether the run's folder belongs to a process that started this one beside others, which then share out the stages.</param>
    /// <param name="sweep">What tells the sweep from others that the recipe is a setting of; default: it is a run of its own.</param>
    /// <exception cref="OnnxKdException">Another process works in the folder, or something in the recipe cannot work.</exception>
    public static RecipeWork Open(
        Recipe recipe, string runs, StageReporter reporter, CancellationToken token, string results = "", bool sharesFolder = false, string? sweep = null)
    {
        var run = FolderOf(recipe, runs);
        var folderLock = sharesFolder ? null : FolderLock.Acquire(run);
        RecipeGraph? graph = null;
        try
        {
            var server = MlflowServer.Find(recipe.Tracking, reporter.NoteOnce);
            if (!sharesFolder)
                AtomicFile.RemoveLeftovers(run, recurse: true);
            graph = RecipeGraph.Open(recipe, StageKinds.All, reporter.Note, token);
            foreach (var stage in graph.Stages.Stages)
                stage.Check();
            foreach (var notice in graph.Stages.Stages.SelectMany(stage => stage.Notices))
                reporter.Note(notice);
            var folder = Directory.CreateDirectory(Path.Combine(run, results)).FullName;
            WriteRecipe(recipe, folder);
            return new(graph, run, folder, folderLock, reporter, server, sweep, token);
        }
        catch
        {
            graph?.Dispose();
            folderLock?.Dispose();
            throw;
        }
    }

    /// <summary>Runs stages, and before them those that they need.</summary>
    /// <returns>The results of all that are done.</returns>
    /// <exception cref="CheckFailedException">A file that stages made was changed.</exception>
    public StageResults Run(IEnumerable<Stage> targets)
    {
        status = null;
        var wanted = graph.Stages.UpTo(targets);
        publisher.RequireOurs(wanted);
        LookAhead(wanted);
        foreach (var stage in wanted.Where(stage => !results.Has(stage.Name)))
        {
            publisher.Copy(stage, RunLinked(stage), Stages.SkipWhile(other => other != stage).Skip(1).Where(later => later.Makes == ArtifactKind.Figures));
            if (stage is RateStage)
                WriteRecipe(Resolved(), Folder);
        }
        status = "FINISHED";
        return results;
    }

    private StageResult RunLinked(Stage stage)
    {
        try
        {
            return runner.Run(stage, results, folder => publisher.Link(stage, folder), token);
        }
        catch
        {
            publisher.UnlinkMissing(stage);
            throw;
        }
    }

    /// <summary>Looks at the teachers that stages come to later: the first is looked at when its stage begins.</summary>
    private void LookAhead(IReadOnlyList<Stage> wanted)
    {
        foreach (var stage in wanted.Where(stage => stage.LooksAt is not null && !results.Has(stage.Name) && runner.Find(stage, results) is null).DistinctBy(stage => stage.LooksAt).Skip(1))
            stage.Look();
    }

    /// <summary>Runs all of them, and takes away what runs of other recipes put in the folder.</summary>
    /// <returns>The figures.</returns>
    public RunMetrics RunAll()
    {
        var metrics = EvaluateStage.Read(Run(Stages)[Stages.OfType<EvaluateStage>().Single().Name]);
        publisher.TakeAwayOthers(Stages, SweepMetrics.FileName);
        return metrics;
    }

    /// <summary>Runs everything up to the verified models, without the figures, which want a quiet machine.</summary>
    public void RunToModels() => RunForLater(Stages.Where(stage => stage is not (EvaluateStage or ReportStage)));

    /// <summary>Runs what the training of a step needs.</summary>
    public void RunNeedsOf(TrainStep step) => RunForLater(Stages.Where(stage => TrainingOf(step).Needs.Contains(stage.Name)));

    /// <summary>The training of a step.</summary>
    public TrainStage TrainingOf(TrainStep step) => Stages.OfType<TrainStage>().First(stage => stage.Step.Name == step.Name);

    /// <summary>Runs what a training needs, and trains no further than an epoch; one that is finished stays as it is.</summary>
    /// <returns>The figures of each epoch of the first student.</returns>
    public IReadOnlyList<EpochEvent> TrainUntil(TrainStep step, int epoch)
    {
        RunNeedsOf(step);
        var train = TrainingOf(step);
        using var right = runner.Enter(runner.FolderOf(train, train.Inputs(results)), token);
        if (runner.Find(train, results) is { } finished)
            return EpochEvent.Read(finished[TrainStage.EventsFile]);
        var folder = Directory.CreateDirectory(runner.FolderOf(train, train.Inputs(results))).FullName;
        runner.Reporter.Started(train.Name, folder);
        status = null;
        var epochs = train.RunUntil(new(folder, results, runner.Reporter, token, tracker), epoch);
        status = "KILLED"; // until it goes on
        return epochs;
    }

    /// <summary>The figures of each epoch of a finished training.</summary>
    public IReadOnlyList<EpochEvent> EventsOf(TrainStep step) =>
        EpochEvent.Read(results[TrainingOf(step).Name][TrainStage.EventsFile]);

    private void RunForLater(IEnumerable<Stage> targets)
    {
        Run(targets);
        status = "SCHEDULED";
    }

    /// <summary>The recipe with the learning rates that were found.</summary>
    private Recipe Resolved() => graph.Stages.Stages.OfType<TrainStage>()
        .Where(train => !train.Step.HasRate && results.Has(RateStage.NameOf(train.Step)))
        .Aggregate(graph.Recipe, (recipe, train) => recipe.With(train.Step.Name, train.Training(results)));

    /// <inheritdoc/>
    public void Dispose()
    {
        tracker?.End(status ?? (token.IsCancellationRequested ? "KILLED" : "FAILED"));
        tracker?.Dispose();
        graph.Dispose();
        folderLock?.Dispose();
    }
}
