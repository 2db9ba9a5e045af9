using OnnxKd.Pipeline.Measuring;
using OnnxKd.Pipeline.Recipes;
using OnnxKd.Pipeline.Stages;
using OnnxKd.StudentTrainer.Terms;
using OnnxKd.StudentTrainer.Training;

namespace OnnxKd.Pipeline.Reports;

/// <summary>All that the page of a run is written from.</summary>
/// <param name="Metrics">Its figures.</param>
/// <param name="Trainings">What happened in each training, epoch by epoch.</param>
/// <param name="Stages">The records of its stages, in their order.</param>
/// <param name="Recipe">The resolved recipe.</param>
internal sealed record RunStory(
    RunMetrics Metrics, IReadOnlyList<TrainingStory> Trainings, IReadOnlyList<StageRecord> Stages, string Recipe)
{
    /// <summary>How it is made again.</summary>
    public Replay Replay { get; init; } = Replay.Here;

    /// <summary>What was found besides the figures.</summary>
    public RunDetails Details { get; init; } = new([]);

    /// <summary>How long models take.</summary>
    public RunLatency Latency { get; init; } = new([]);

    /// <summary>The test samples that are shown.</summary>
    public SampleGallery Gallery { get; init; } = SampleGallery.Empty;
}

/// <summary>How a run is made again: by a command that finds what is there, since it leads to the same folder.</summary>
/// <param name="Depth">How many folders its stages are above its results.</param>
/// <param name="Folder">Where its recipe is; <c>null</c>: beside the page.</param>
internal sealed record Replay(int Depth, string? Folder)
{
    /// <summary>A run of its own, from beside its page.</summary>
    public static Replay Here { get; } = new(0, null);

    /// <summary>The command. The recipe has the run's name, which is that of the folder of its stages.</summary>
    public string Command => $"onnxkd run {RecipeFile.ResolvedName} --runs {string.Join('/', Enumerable.Repeat("..", Depth + 1))}";
}

/// <summary>A student's training.</summary>
/// <param name="Role">The student's role in the figures.</param>
/// <param name="Epochs">Its epochs.</param>
/// <param name="Objective">What it minimised.</param>
internal sealed record TrainingStory(string Role, IReadOnlyList<EpochEvent> Epochs, IReadOnlyList<Term> Objective);
