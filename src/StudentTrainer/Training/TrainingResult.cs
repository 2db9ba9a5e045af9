using OnnxKd.Core.Onnx;

namespace OnnxKd.StudentTrainer.Training;

/// <summary>A student that was trained.</summary>
/// <param name="Name">The learner's name.</param>
/// <param name="Model">The model with its trained weights.</param>
/// <param name="Epochs">All epochs, those of earlier, interrupted runs included.</param>
public sealed record TrainedStudent(string Name, OnnxModel Model, IReadOnlyList<EpochEvent> Epochs)
{
    /// <summary>The model after each epoch of <c>milestones</c>.</summary>
    public IReadOnlyDictionary<int, OnnxModel> Milestones { get; init; } = new Dictionary<int, OnnxModel>();
}

/// <summary>What a training gave.</summary>
/// <param name="Students">The students, in the order of the learners.</param>
/// <param name="Device">Where it ran.</param>
public sealed record TrainingResult(IReadOnlyList<TrainedStudent> Students, string Device);
