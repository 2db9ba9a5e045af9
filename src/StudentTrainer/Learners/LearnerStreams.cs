using OnnxKd.Core.Errors;
using OnnxKd.Core.LogitCaches;
using OnnxKd.StudentTrainer.Signals;
using OnnxKd.StudentTrainer.Terms;

namespace OnnxKd.StudentTrainer.Learners;

/// <summary>What terms read of a cache.</summary>
internal static class LearnerStreams
{
    private static readonly Dictionary<string, IReadOnlyList<long>> NoShapes = [];

    /// <summary>Checks that a cache will hold what terms can learn from, as soon as it is known what teachers give: before these run.</summary>
    /// <param name="learner">The student's name among the learners.</param>
    /// <param name="objective">What it minimises.</param>
    /// <param name="streams">What the cache will hold.</param>
    /// <param name="outputs">For each learner the names of its further outputs.</param>
    /// <exception cref="InputException">There is no such stream, or it holds something else than the term reads, or is stored otherwise.</exception>
    public static void Require(
        string learner, IReadOnlyList<Term> objective, IReadOnlyList<CacheStream> streams, IReadOnlyDictionary<string, IReadOnlyList<string>> outputs)
    {
        var catalog = new SignalCatalog(streams, outputs.ToDictionary(each => each.Key, each => new LearnerTensors([.. each.Value.Prepend(SignalPath.Logits).Select(name => new LearnerOutput(name, name))], NoShapes)));
        foreach (var term in objective)
            if (catalog.FindStreams(term.Reads, learner, term.Name) is { Length: > 0 } sources)
                term.Require(new(
                    term.Name, sources.ToDictionary(source => source.Use.Key, catalog.Shape), sources.ToDictionary(source => source.Use.Key, source => catalog.Form(source.Stream!))));
    }
}
