using OnnxKd.Core.Settings;
using OnnxKd.StudentTrainer.Graph;

namespace OnnxKd.StudentTrainer.Optimizers;

/// <summary>How weights are updated: an optimizer's settings, and the optimizer itself.</summary>
public abstract record OptimizerOptions
{
    /// <summary>All optimizers.</summary>
    public static KindTable Kinds { get; } = new(("sgd", typeof(SgdOptions)), ("adam", typeof(AdamOptions)), ("adamw", typeof(AdamWOptions)));

    /// <summary>The peak learning rate; default (<c>null</c>): found by a range test on the first batches.</summary>
    [Setting("peak learning rate; auto: found by a range test on the first batches", Above = 0, Null = "auto")]
    public double? LearningRate { get; init; }

    /// <summary>The rates that a range test goes through; the usual ones are well within.</summary>
    internal abstract (double Lowest, double Highest) Rates { get; }

    /// <summary>
    /// How far below the rate at which the loss rises a training may have its own, the nearest first. Where there are several, short trainings decide.
    /// </summary>
    internal abstract IReadOnlyList<double> Margins { get; }

    /// <summary>The weight decay, of tensors of two or more axes; default 0.</summary>
    [Setting("L2 penalty added to the gradient (`adamw`: decoupled), of tensors of two or more axes", AtLeast = 0)]
    public double WeightDecay { get; init; }

    /// <summary>Starts the optimizer.</summary>
    internal abstract Optimizer Start(IReadOnlyList<NamedTensor> parameters);
}
