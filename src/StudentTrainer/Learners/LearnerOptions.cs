using OnnxKd.Core.Onnx;
using OnnxKd.StudentTrainer.Graph.Import;
using OnnxKd.StudentTrainer.Terms;

namespace OnnxKd.StudentTrainer.Learners;

/// <summary>A student to train, and what for.</summary>
/// <param name="Name">Unique among the learners of a training; terms of others call it so.</param>
/// <param name="Student">
/// The graph with its initial weights; not changed. The output that is learned from holds logits, or ends in a softmax: [N, classes],
/// [N, frames, classes], [N, classes, height, width], or others with the class axis named.
/// </param>
/// <param name="Import">How the model becomes a student.</param>
/// <param name="Objective">What it minimises: Σ weight(epoch) · term; at least one.</param>
public sealed record LearnerOptions(string Name, OnnxModel Student, StudentImport Import, IReadOnlyList<Term> Objective)
{
    /// <summary>The one student of a training, as its file or architecture is.</summary>
    /// <param name="student">The graph with its initial weights; not changed.</param>
    /// <param name="objective">What it minimises; at least one term.</param>
    public LearnerOptions(OnnxModel student, params IReadOnlyList<Term> objective)
        : this(Only, student, StudentImport.Default, objective)
    {
    }

    /// <summary>The name of the one learner of most trainings.</summary>
    public const string Only = "student";

    /// <summary>What only training adds to its graph; default: nothing.</summary>
    public IReadOnlyList<Attachment> Attachments { get; init; } = [];
}
