using OnnxKd.Pipeline.Measuring;
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
    /// <summary>What was found besides the figures.</summary>
    public RunDetails Details { get; init; } = new([]);

    /// <summary>How long models take.</summary>
    public RunLatency Latency { get; init; } = new([]);

    /// <summary>The test samples that are shown.</summary>
    public SampleGallery Gallery { get; init; } = SampleGallery.Empty;
}

/// <summary>A student's training.</summary>
/// <param name="Role">The student's role in the figures.</param>
/// <param name="Epochs">Its epochs.</param>
/// <param name="Objective">What it minimised.</param>
internal sealed record TrainingStory(string Role, IReadOnlyList<EpochEvent> Epochs, IReadOnlyList<Term> Objective);
