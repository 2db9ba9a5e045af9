using OnnxKd.Core.Preparation;

namespace OnnxKd.StudentTrainer.Training;

/// <summary>How weights are updated.</summary>
public sealed record OptimizerOptions
{
    /// <summary><c>sgd</c>, <c>adam</c> or <c>adamw</c>; default <c>sgd</c>.</summary>
    public string Name { get; init; } = "sgd";

    /// <summary>The peak learning rate; default 0.1.</summary>
    public double LearningRate { get; init; } = 0.1;

    /// <summary>SGD: momentum; default 0.9.</summary>
    public double Momentum { get; init; } = 0.9;

    /// <summary>SGD: Nesterov's form of momentum; default true.</summary>
    public bool Nesterov { get; init; } = true;

    /// <summary>
    /// L2 penalty added to the gradient (SGD, Adam), or decoupled (AdamW); default 0. Applied to tensors of two or more axes.
    /// </summary>
    public double WeightDecay { get; init; }

    /// <summary>Adam: decay of the first moment; default 0.9.</summary>
    public double Beta1 { get; init; } = 0.9;

    /// <summary>Adam: decay of the second moment; default 0.999.</summary>
    public double Beta2 { get; init; } = 0.999;

    /// <summary>Adam: added to the root of the second moment; default 1e-8.</summary>
    public double Epsilon { get; init; } = 1e-8;
}

/// <summary>The learning rate over training, as a factor of its peak.</summary>
public sealed record ScheduleOptions
{
    /// <summary><c>constant</c>, <c>step</c>, <c>cosine</c> or <c>one-cycle</c>; default <c>constant</c>.</summary>
    public string Name { get; init; } = "constant";

    /// <summary>Epochs of linear warm-up from 0, before any schedule but one-cycle; default 0.</summary>
    public double WarmupEpochs { get; init; }

    /// <summary><c>step</c>: the epochs at which the rate is multiplied by <see cref="Gamma"/>.</summary>
    public IReadOnlyList<double> Milestones { get; init; } = [];

    /// <summary><c>step</c>: the factor; default 0.1.</summary>
    public double Gamma { get; init; } = 0.1;

    /// <summary><c>cosine</c> and <c>one-cycle</c>: the last factor; default 0.</summary>
    public double FinalFactor { get; init; }

    /// <summary><c>one-cycle</c>: the share of training in which the rate rises; default 0.3.</summary>
    public double RiseShare { get; init; } = 0.3;
}

/// <summary>When to stop before the last epoch, by the evaluation set.</summary>
public sealed record EarlyStopOptions
{
    /// <summary>Stop after this many epochs without a better result.</summary>
    public required int Patience { get; init; }

    /// <summary><c>errors</c>, <c>nll</c> or <c>agreement</c>; default <c>errors</c>.</summary>
    public string Metric { get; init; } = "errors";
}

/// <summary>How a student is trained.</summary>
public sealed record TrainingOptions
{
    /// <summary>Passes over the transfer set.</summary>
    public required int Epochs { get; init; }

    /// <summary>Samples per step; default 128. A last, smaller batch is used too.</summary>
    public int BatchSize { get; init; } = 128;

    /// <summary>The optimizer.</summary>
    public OptimizerOptions Optimizer { get; init; } = new();

    /// <summary>The learning-rate schedule.</summary>
    public ScheduleOptions Schedule { get; init; } = new();

    /// <summary>Largest global norm of the gradient; default: no clipping.</summary>
    public double? ClipNorm { get; init; }

    /// <summary>Largest L2 norm of each unit's incoming weights (Hinton et al. 2012: a weight constraint); default: none.</summary>
    public double? MaxNorm { get; init; }

    /// <summary>Decay of an exponential moving average of the weights, which is then evaluated and exported; default: none.</summary>
    public double? AverageDecay { get; init; }

    /// <summary>Random changes of the samples, a new view each epoch; only without a teacher (a cache brings its own views).</summary>
    public Augmentation Augmentation { get; init; } = Augmentation.None;

    /// <summary>Early stopping; default: none.</summary>
    public EarlyStopOptions? EarlyStop { get; init; }

    /// <summary>Which weights are the result: <c>last</c>, or <c>best</c> by the evaluation set; default <c>last</c>.</summary>
    public string Keep { get; init; } = "last";

    /// <summary>
    /// What the student computes with in training: <c>float32</c>, or <c>bfloat16</c> in products, with weights, gradients and whatever an
    /// optimizer keeps in float32 (Micikevicius et al. 2018, Kalamkar et al. 2019); default <c>float32</c>. Evaluation is in float32.
    /// </summary>
    public string Precision { get; init; } = "float32";

    /// <summary>The seed of everything random.</summary>
    public ulong Seed { get; init; } = 1;

    /// <summary><c>auto</c>, <c>cpu</c>, <c>cuda</c> or <c>cuda:N</c>; default <c>auto</c>.</summary>
    public string Device { get; init; } = "auto";

    /// <summary>Threads of libtorch; default: the processors.</summary>
    public int? Threads { get; init; }
}
