using OnnxKd.Core.Onnx;
using OnnxKd.StudentTrainer.Graph.Import;
using OnnxKd.StudentTrainer.Signals;
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
    /// <summary>The name of the one learner of most trainings.</summary>
    public const string Only = "student";

    /// <summary>What only training adds to its graph; default: nothing.</summary>
    public IReadOnlyList<Attachment> Attachments { get; init; } = [];

    /// <summary>The tensors of a learner's graph that terms of any learner read.</summary>
    /// <param name="learner">The learner.</param>
    /// <param name="all">All learners.</param>
    internal static IReadOnlyList<string> TapsOf(LearnerOptions learner, IReadOnlyList<LearnerOptions> all)
    {
        string[] names = [.. all.Select(other => other.Name)];
        var own = learner.Attachments.Select(attachment => attachment.Name).Concat(learner.Import.Outputs.Select(output => output.Name))
            .ToHashSet(StringComparer.Ordinal);
        var read = from other in all
                   from term in other.Objective
                   from use in term.Reads
                   where use.Kind != SignalKind.Labels
                   let path = SignalPath.Of(use, other.Name, names)
                   where path.Learner == learner.Name && path.Name is not (null or SignalPath.Logits)
                   select path.Name;
        return [.. read.Where(name => !own.Contains(name)).Concat(learner.Attachments.Select(attachment => attachment.At)).Distinct()];
    }
}
