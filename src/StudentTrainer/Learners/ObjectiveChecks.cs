using OnnxKd.Core.Errors;
using OnnxKd.StudentTrainer.Signals;
using OnnxKd.StudentTrainer.Terms;

namespace OnnxKd.StudentTrainer.Learners;

/// <summary>Whether objectives can teach anything, as far as that can be told without their signals.</summary>
internal static class ObjectiveChecks
{
    /// <summary>Checks the terms.</summary>
    /// <param name="learner">The student's name among the learners.</param>
    /// <param name="objective">What it minimises.</param>
    /// <param name="samples">The samples of a whole batch.</param>
    /// <exception cref="InputException">All weights are 0, or a term compares more samples than a batch has.</exception>
    public static void Require(string learner, IReadOnlyList<Term> objective, long samples)
    {
        if (objective.Count > 0 && objective.All(term => term.Weight.Points is { Count: > 0 } points && points.All(point => point.Value == 0)))
            throw new InputException(
                "Nothing would be learned: every term has the weight 0 throughout.", Place(learner), string.Join(", ", objective.Select(term => term.Name)),
                "a term with a weight above 0", "raise a weight");
        if (objective.FirstOrDefault(term => term.LeastSamples > samples) is { } term)
            throw new InputException(
                "A term compares the samples of a batch with each other, and a batch has too few.", $"{Place(learner)}, term '{term.Name}'",
                samples == 1 ? "batches of 1 sample" : $"batches of {samples} samples", $"{term.LeastSamples} or more",
                "raise training.batch-size (--batch-size), take more samples, or leave the term out");
    }

    /// <summary>Checks that what is attached to a student has a reader.</summary>
    /// <param name="learner">The student's name among the learners.</param>
    /// <param name="attachments">What only training adds to it.</param>
    /// <param name="objectives">What each learner minimises, by name.</param>
    /// <exception cref="InputException">No term reads it.</exception>
    public static void RequireReaders(string learner, IReadOnlyList<Attachment> attachments, IReadOnlyDictionary<string, IReadOnlyList<Term>> objectives)
    {
        var read = (from objective in objectives
                    from term in objective.Value
                    from use in term.Reads
                    where use.Kind != SignalKind.Labels
                    select SignalPath.Of(use, objective.Key, [.. objectives.Keys])).ToHashSet();
        if (attachments.FirstOrDefault(attachment => !read.Contains(new(learner, attachment.Name))) is { } idle)
            throw new InputException(
                "An attachment is read by no term, and would learn nothing.", Place(learner), $"attachment '{idle.Name}'", "a term that names it",
                $"add one, such as 'hard: {{ student: {idle.Name} }}', or remove the attachment");
    }

    private static string Place(string learner) => learner == LearnerOptions.Only ? "objective" : $"objective of '{learner}'";
}
