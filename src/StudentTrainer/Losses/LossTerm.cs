using OnnxKd.StudentTrainer.Losses.Targets;
using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Losses;

/// <summary>What a term reads besides the student's outputs.</summary>
[Flags]
internal enum TermNeeds
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>What the teacher says, from a cache.</summary>
    Teacher = 1,

    /// <summary>Class indices.</summary>
    Labels = 2,
}

/// <summary>What a term is computed from. A row is a valid position of a sample of the batch: a sample, a frame, a pixel.</summary>
/// <param name="Logits">The student's, rows × classes.</param>
/// <param name="Teacher">What the teacher says of each row, where the objective needs it.</param>
/// <param name="Labels">The class of each row, where the objective needs them.</param>
internal readonly record struct TermInputs(Tensor Logits, TeacherTargets? Teacher, LabelTargets? Labels);

/// <summary>What an objective is computed from.</summary>
/// <param name="Logits">The student's, rows × classes.</param>
/// <param name="Teachers">What the teachers say of each row, by stream; empty where the objective needs none.</param>
/// <param name="Labels">The class of each row, where the objective needs them.</param>
internal readonly record struct ObjectiveInputs(Tensor Logits, IReadOnlyDictionary<string, TeacherTargets> Teachers, LabelTargets? Labels)
{
    /// <summary>What a term is computed from.</summary>
    /// <param name="stream">The stream that it learns from; <c>null</c>: the only one.</param>
    public TermInputs For(string? stream) =>
        new(Logits, stream is null ? Teachers.Values.SingleOrDefault() : Teachers[stream], Labels);
}

/// <summary>One term of an objective, unweighted.</summary>
internal abstract class LossTerm
{
    /// <summary>What it reads.</summary>
    public abstract TermNeeds Needs { get; }

    /// <summary>Refuses a stream of a cache that the term cannot learn from.</summary>
    /// <exception cref="Core.Errors.InputException">Says why.</exception>
    public virtual void Require(TargetForm form)
    {
    }

    /// <summary>The mean over the rows: a scalar that gradients flow through.</summary>
    public abstract Tensor Compute(in TermInputs inputs);
}
