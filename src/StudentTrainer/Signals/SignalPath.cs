using OnnxKd.Core.LogitCaches;

namespace OnnxKd.StudentTrainer.Signals;

/// <summary>
/// What a term's key names, taken apart: <c>relu4</c> is a stream of the cache for a target and a tensor of the learner's own graph
/// otherwise; <c>b/relu4</c>, for a target, a tensor of the learner <c>b</c>, and <c>student/relu4</c> one of the learner itself.
/// </summary>
/// <param name="Learner">The learner; <c>null</c>: a stream of the cache.</param>
/// <param name="Name">The tensor or the stream; <c>null</c>: the default one.</param>
internal readonly record struct SignalPath(string? Learner, string? Name)
{
    /// <summary>How a learner calls itself.</summary>
    public const string Self = "student";

    /// <summary>How terms call the tensor that holds a learner's class scores, whatever its name in the graph.</summary>
    public const string Logits = CacheStream.Answer;

    /// <summary>Takes a path apart.</summary>
    /// <param name="use">What a term reads.</param>
    /// <param name="learner">The learner whose term it is.</param>
    /// <param name="learners">The names of all learners.</param>
    public static SignalPath Of(SignalUse use, string learner, IReadOnlyCollection<string> learners)
    {
        if (!use.IsTarget)
            return new(learner, use.Path);
        var slash = use.Path?.IndexOf('/') ?? -1;
        var first = slash < 0 ? null : use.Path![..slash];
        return first == Self ? new(learner, use.Path![(slash + 1)..])
            : first is not null && learners.Contains(first) ? new(first, use.Path![(slash + 1)..])
            : new(null, use.Path);
    }
}
