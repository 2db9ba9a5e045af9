using OnnxKd.Core.Errors;
using OnnxKd.Core.Onnx;
using OnnxKd.StudentTrainer.Graph.Import;
using OnnxKd.StudentTrainer.Signals;
using OnnxKd.StudentTrainer.Terms;

namespace OnnxKd.StudentTrainer.Learners;

/// <summary>The tensors of a student's graph that terms and attachments read.</summary>
internal static class LearnerTaps
{
    /// <summary>Checks that a student has them, without running it.</summary>
    /// <param name="learner">The student's name among the learners.</param>
    /// <param name="student">Its model; weights do not matter.</param>
    /// <param name="import">How it becomes a student.</param>
    /// <param name="attachments">What only training adds to it.</param>
    /// <param name="objectives">What each learner minimises, by name.</param>
    /// <exception cref="InputException">It has no such tensor; names the nearest.</exception>
    /// <exception cref="UnsupportedModelException">It cannot be trained.</exception>
    public static void Require(
        string learner, OnnxModel student, StudentImport import, IReadOnlyList<Attachment> attachments, IReadOnlyDictionary<string, IReadOnlyList<Term>> objectives)
    {
        var taps = Of(learner, import, attachments, objectives);
        if (taps.Count == 0)
            return;
        var graph = StudentGraph.Import(student, import with { Taps = taps, Outputs = [] });
        foreach (var tap in taps)
            graph.RequireTensor(tap);
    }

    /// <summary>Finds them.</summary>
    internal static IReadOnlyList<string> Of(
        string learner, StudentImport import, IReadOnlyList<Attachment> attachments, IReadOnlyDictionary<string, IReadOnlyList<Term>> objectives)
    {
        var own = attachments.Select(attachment => attachment.Name).Concat(import.Outputs.Select(output => output.Name)).ToHashSet(StringComparer.Ordinal);
        var read = from objective in objectives
                   from term in objective.Value
                   from use in term.Reads
                   where use.Kind != SignalKind.Labels
                   let path = SignalPath.Of(use, objective.Key, [.. objectives.Keys])
                   where path.Learner == learner && path.Name is not (null or SignalPath.Logits)
                   select path.Name;
        return [.. read.Where(name => !own.Contains(name)).Concat(attachments.Select(attachment => attachment.At)).Distinct()];
    }
}
