using OnnxKd.TeacherRunner.Deployment;

namespace OnnxKd.TeacherRunner.Conversion;

/// <summary>Samples from all over a set, with which is found what happens within a model.</summary>
/// <param name="Feeds">The set.</param>
/// <param name="Count">How many of it.</param>
public sealed record ProbeSamples(ModelFeeds Feeds, long Count)
{
    /// <summary>How many at once; default 8.</summary>
    public int BatchSize { get; init; } = 8;

    /// <inheritdoc cref="OutputDifference.Batches"/>
    internal IEnumerable<(long First, int Rows)> Batches() => OutputDifference.Batches(Feeds, Count, BatchSize);
}
