using OnnxKd.Core.Settings;
using OnnxKd.StudentTrainer.Graph;

namespace OnnxKd.StudentTrainer.Optimizers;

/// <summary>How weights are updated: an optimizer's settings, and the optimizer itself.</summary>
public abstract record OptimizerOptions
{
    /// <summary>All optimizers.</summary>
    public static KindTable Kinds { get; } = new(("sgd", typeof(SgdOptions)), ("adam", typeof(AdamOptions)), ("adamw", typeof(AdamWOptions)));

    /// <summary>The peak learning rate; default 0.1.</summary>
    [Setting("peak learning rate", Above = 0)]
    public double LearningRate { get; init; } = 0.1;

    /// <summary>The weight decay, of tensors of two or more axes; default 0.</summary>
    [Setting("L2 penalty added to the gradient (`adamw`: decoupled), of tensors of two or more axes", AtLeast = 0)]
    public double WeightDecay { get; init; }

    /// <summary>Starts the optimizer.</summary>
    internal abstract Optimizer Start(IReadOnlyList<NamedTensor> parameters);
}
