using OnnxKd.Pipeline.Recipes;
using OnnxKd.Pipeline.Reports;
using OnnxKd.StudentTrainer.Logs;

namespace OnnxKd.Pipeline.Stages.Kinds;

/// <summary>Who is told of a training's epochs, as the recipe says.</summary>
internal static class EpochTracking
{
    private const int ShownSamples = 8;

    /// <summary>Those that are told.</summary>
    /// <param name="graph">The run.</param>
    /// <param name="training">The training's name.</param>
    /// <param name="work">Its stage.</param>
    public static TrainingLogs Logs(RecipeGraph graph, string training, StageWork work) => new()
    {
        TensorBoard = graph.Recipe.Tracking.Tensorboard switch
        {
            TrackingOptions.None => null,
            var wanted => new(wanted is not TrackingOptions.Scalars, SampleForms.Pictures(graph.Sets.Transfer, ShownSamples)),
        },
        Epoch = work.Tracker is { } tracker ? epoch => tracker.Log(training, epoch) : null,
        Warn = work.Reporter.Note,
    };

    /// <summary>Where TensorBoard finds a training's event files.</summary>
    public static IEnumerable<Publication> Publications(Recipe recipe, string training) => recipe.Tracking.Tensorboard is TrackingOptions.None
        ? []
        : [new(TensorBoardOptions.FolderName, $"events/tensorboard/{training}", IsLink: true)];
}
