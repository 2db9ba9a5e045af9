using OnnxKd.Pipeline.Recipes;
using OnnxKd.Pipeline.Stages;
using OnnxKd.Pipeline.Terminal;

namespace OnnxKd.Pipeline.Runs;

/// <summary>What a run of a recipe would do, found out without doing or creating anything; teachers are looked at.</summary>
/// <param name="Name">The run's name.</param>
/// <param name="Folder">Its folder.</param>
/// <param name="Stages">The stages, in order.</param>
internal sealed record RunPlan(string Name, string Folder, IReadOnlyList<PlannedStage> Stages)
{
    /// <summary>A stage that is finished, and reused.</summary>
    public const string Done = "done";

    /// <summary>A stage that was begun, and goes on.</summary>
    public const string Resumes = "resumes";

    /// <summary>A stage that has nothing yet; or needs one that is not finished, and so may turn out to be done already.</summary>
    public const string WillRun = "will run";

    // A plan is quick: of larger files, the shards of caches above all, it looks at the length.
    private const long MostBytesRead = 16 << 20;

    /// <summary>Plans a run.</summary>
    /// <exception cref="Core.Errors.CheckFailedException">A file that a run made was changed since.</exception>
    /// <exception cref="Core.Errors.OnnxKdException">Something in the recipe cannot work.</exception>
    /// <param name="recipe">The recipe.</param>
    /// <param name="runs">The folder of all runs.</param>
    /// <param name="reporter">Told of a set that is fetched: without its samples nothing can be told of the stages.</param>
    /// <param name="token">Stops that.</param>
    public static RunPlan Of(Recipe recipe, string runs, StageReporter reporter, CancellationToken token)
    {
        using var graph = RecipeGraph.Open(recipe, StageKinds.All, reporter.Note, token);
        var folder = RecipeWork.FolderOf(recipe, runs);
        var runner = new StageRunner(folder, new StageReporter(TextWriter.Null, live: false));
        new Publisher(folder).RequireOurs(graph.Stages.Stages);
        var results = new StageResults();
        var (planned, looked) = (new List<PlannedStage>(), new HashSet<string>());
        foreach (var stage in graph.Stages.Stages)
        {
            stage.Check();
            foreach (var notice in stage.Notices)
                reporter.Note(notice);
            planned.Add(Plan(stage, runner, results, looked));
        }
        return new(recipe.Name, folder, planned);
    }

    private static PlannedStage Plan(Stage stage, StageRunner runner, StageResults results, HashSet<string> looked)
    {
        var plan = new PlannedStage(stage.Name, stage.Kind, stage.Needs, WillRun, null, stage.Cost.Rows, stage.Cost.Epochs, stage.Cost.Steps);
        if (!stage.Needs.All(results.Has))
            return plan;
        if (runner.Find(stage, results) is { } finished)
        {
            finished.Record.RequireOutputs(finished.Folder, MostBytesRead);
            results[stage.Name] = finished;
            return plan with { State = Done, Folder = Path.GetFileName(finished.Folder), Seconds = finished.Record.WallSeconds };
        }
        if (stage.LooksAt is { } models && looked.Add(models))
            stage.Look();
        var folder = runner.FolderOf(stage, stage.Inputs(results));
        return plan with { State = Directory.Exists(folder) ? Resumes : WillRun, Folder = Path.GetFileName(folder) };
    }
}

/// <summary>A stage of a plan.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Kind">Its kind.</param>
/// <param name="Needs">The stages that it needs.</param>
/// <param name="State"><c>done</c>, <c>resumes</c> or <c>will run</c>.</param>
/// <param name="Folder">Its folder within the run's; <c>null</c>: what it needs is not there yet, and its key not known.</param>
/// <param name="Rows">Rows that models run over.</param>
/// <param name="Epochs">Passes over them.</param>
/// <param name="Steps">Updates of weights.</param>
/// <param name="Seconds">How long it took; <c>null</c> if it is not finished.</param>
internal sealed record PlannedStage(
    string Name, string Kind, IReadOnlyList<string> Needs, string State, string? Folder, long? Rows, int? Epochs, long? Steps, double? Seconds = null);
