using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Losses;

/// <summary>What a term reads besides the student's outputs.</summary>
[Flags]
internal enum TermNeeds
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>The teacher's logits, from a cache.</summary>
    TeacherLogits = 1,

    /// <summary>Class indices.</summary>
    Labels = 2,
}

/// <summary>What a term is computed from.</summary>
/// <param name="Logits">The student's, N × classes.</param>
/// <param name="TeacherLogits">N × classes, where the objective needs them.</param>
/// <param name="Labels">N class indices (int64), where the objective needs them.</param>
internal readonly record struct TermInputs(Tensor Logits, Tensor? TeacherLogits, Tensor? Labels);

/// <summary>One term of an objective, unweighted.</summary>
internal abstract class LossTerm
{
    /// <summary>What it reads.</summary>
    public abstract TermNeeds Needs { get; }

    /// <summary>The mean over the batch: a scalar that gradients flow through.</summary>
    public abstract Tensor Compute(in TermInputs inputs);
}
