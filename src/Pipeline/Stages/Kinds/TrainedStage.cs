using OnnxKd.Core.Onnx;

namespace OnnxKd.Pipeline.Stages.Kinds;

/// <summary>A stage whose models have the weights of a training, so that they are exported and verified.</summary>
/// <param name="name">Its name.</param>
/// <param name="needs">The stages that it needs.</param>
internal abstract class TrainedStage(string name, params IEnumerable<string?> needs) : ModelStage(name, needs)
{
    /// <summary>The training that the weights come from.</summary>
    public abstract TrainStage Trained { get; }

    /// <summary>The learner of that training that a model was.</summary>
    public abstract string LearnerOf(string model);

    /// <summary>A model's graph, with any weights; <c>null</c>: it is known when the stage has made it.</summary>
    /// <param name="model">Its name.</param>
    public virtual OnnxModel? GraphOf(string model) => null;

    /// <summary>What an exported model's metadata say of this stage, beside its training.</summary>
    /// <param name="results">What this stage and those before made.</param>
    public virtual IEnumerable<(string Key, string? Value)> Provenance(StageResults results) => [];
}
