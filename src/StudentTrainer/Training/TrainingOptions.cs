using OnnxKd.Core.Preparation;
using OnnxKd.Core.Settings;
using OnnxKd.Core.Threading;
using OnnxKd.StudentTrainer.Optimizers;

namespace OnnxKd.StudentTrainer.Training;

/// <summary>When to stop before the last epoch, by the validation set.</summary>
public sealed record EarlyStopOptions
{
    /// <summary>Stop after this many epochs without a better result.</summary>
    [Setting("epochs without a better result", AtLeast = 1)]
    public required int Patience { get; init; }

    /// <summary>
    /// <c>errors</c>, <c>nll</c>, <c>agreement</c>, <c>kl</c>, or for values <c>r-squared</c> or <c>mse</c>, for embeddings <c>cosine</c>; default: errors where there are labels
    /// for what the student gives, else agreement, <c>r-squared</c> or cosine, by its kind.
    /// </summary>
    [Setting("what is watched; none: errors where there are labels, else `agreement` with the teacher, of values `r-squared`, of embeddings `cosine`; of equal errors or agreement the smaller `nll` or `kl` counts", Words = ["errors", "nll", "agreement", "kl", "r-squared", "mse", "cosine"])]
    public string? Metric { get; init; }
}

/// <summary>How a student is trained.</summary>
public sealed record TrainingOptions
{
    /// <summary>Passes over the transfer set.</summary>
    [Setting("passes over the transfer set", AtLeast = 1)]
    public required int Epochs { get; init; }

    /// <summary>Samples per step; default 128. A last, smaller batch is used too.</summary>
    [Setting("samples per step; a step that does not fit into memory is refused", AtLeast = 1)]
    public int BatchSize { get; init; } = 128;

    /// <summary>The optimizer.</summary>
    [Setting("how weights are updated")]
    public OptimizerOptions Optimizer { get; init; } = new SgdOptions();

    /// <summary>The same with a learning rate.</summary>
    public TrainingOptions WithRate(double learningRate) => this with { Optimizer = Optimizer with { LearningRate = learningRate } };

    /// <summary>The learning-rate schedule.</summary>
    [Setting("the learning rate over training")]
    public ScheduleOptions Schedule { get; init; } = new ConstantSchedule();

    /// <summary>Largest global norm of the gradient; default: no clipping.</summary>
    [Setting("largest norm of the gradient", Above = 0)]
    public double? ClipNorm { get; init; }

    /// <summary>Largest L2 norm of each unit's incoming weights (Hinton et al. 2012: a weight constraint); default: none.</summary>
    [Setting("largest norm of each unit's incoming weights", Above = 0)]
    public double? MaxNorm { get; init; }

    /// <summary>Decay of an exponential moving average of the weights, which is then evaluated and exported; default: none.</summary>
    [Setting("decay of a moving average of the weights, which is then evaluated and exported", AtLeast = 0, Below = 1)]
    public double? AverageDecay { get; init; }

    /// <summary>Random changes of the samples, a new view each epoch; only without a teacher (a cache brings its own views).</summary>
    [Setting("a new view each epoch (docs/augmentation.md); only without teachers: with them it belongs to the capture", Takes = Augmentation.Form)]
    public Augmentation Augmentation { get; init; } = Augmentation.None;

    /// <summary>Early stopping; default: none.</summary>
    [Setting("when to stop before the last epoch, by the validation set")]
    public EarlyStopOptions? EarlyStop { get; init; }

    /// <summary>Which weights are the result: <c>last</c>, or <c>best</c> by the validation set; default <c>last</c>.</summary>
    [Setting("which weights are the result; `best`: by early-stop's metric on the validation set", Words = ["last", "best"])]
    public string Keep { get; init; } = "last";

    /// <summary>Whether the best weights are the result.</summary>
    internal bool KeepsBest => Keep == "best";

    /// <summary>Epochs after which the student is kept as it is then, beside the result; default: none.</summary>
    [Setting("epochs after which the model is kept too: an early-stopped one, which others name `{ stage: NAME@EPOCH }`", AtLeast = 1)]
    public IReadOnlyList<int>? Milestones { get; init; }

    /// <summary>
    /// What the student computes with in training: <c>float32</c>, or <c>bfloat16</c> in products, with weights, gradients and whatever an
    /// optimizer keeps in float32 (Micikevicius et al. 2018, Kalamkar et al. 2019); default <c>float32</c>. Evaluation is in float32.
    /// </summary>
    [Setting("`bfloat16`: products in 16 bits, weights in float32", Words = ["float32", "bfloat16"])]
    public string Precision { get; init; } = "float32";

    /// <summary>The seed of everything random.</summary>
    public ulong Seed { get; init; } = 1;

    /// <summary><c>auto</c>, <c>cpu</c>, <c>cuda</c> or <c>cuda:N</c>; default <c>auto</c>.</summary>
    [Setting("`auto`, `cpu`, `cuda` or `cuda:N`", IsOutsideKey = true)]
    public string Device { get; init; } = "auto";

    /// <summary>Threads of libtorch; default: the processors.</summary>
    [Setting("by default the processors", AtLeast = 1, AtMost = Parts.MostThreads, IsOutsideKey = true)]
    public int? Threads { get; init; }
}
