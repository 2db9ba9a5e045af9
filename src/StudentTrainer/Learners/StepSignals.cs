using OnnxKd.Core.LogitCaches;
using OnnxKd.StudentTrainer.Batches;
using OnnxKd.StudentTrainer.Signals;
using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Learners;

/// <summary>All signals of a batch: what the cache and the set say of it, and what the learners gave.</summary>
/// <param name="batch">The batch.</param>
/// <param name="learners">What each learner gave, by tensor: class scores as [N, positions..., classes], features as they lie in the model.</param>
internal sealed class StepSignals(Batch batch, IReadOnlyDictionary<string, IReadOnlyDictionary<string, Tensor>> learners)
{
    /// <summary>The signals of a term.</summary>
    /// <param name="sources">Where they come from.</param>
    /// <param name="epoch">The time in epochs.</param>
    public TermSignals For(IReadOnlyList<SignalSource> sources, double epoch)
    {
        var own = new Dictionary<string, Tensor>(StringComparer.Ordinal);
        var targets = new Dictionary<string, StreamSignal>(StringComparer.Ordinal);
        CountedRows? drawn = null;
        var subset = sources.Select(source => source.Subset).FirstOrDefault(subset => subset is not null);
        foreach (var source in sources)
        {
            if (source is { Stream: not null, Use.Drawn: > 0 })
            {
                (var signal, drawn) = batch.Drawn[new(source.Stream, source.Use.Drawn)];
                targets.Add(source.Use.Key, signal);
            }
            else if (source.Stream is not null)
                targets.Add(source.Use.Key, batch.Streams[source.Stream]);
            else if (source.Learner is not null && !source.Use.IsTarget)
                own.Add(source.Use.Key, Of(source, subset));
            else if (source.Learner is not null)
                targets.Add(source.Use.Key, Detached(source, Of(source, null).detach()));
        }

        return new(own, targets, batch.Labels, epoch)
        {
            ChannelAxis = sources.First(source => !source.Use.IsTarget).ChannelAxis, Counted = batch.Counted, CountedDrawn = drawn,
        };
    }

    private Tensor Of(SignalSource source, ClassSubset? subset)
    {
        var values = learners[source.Learner!][source.Tensor!];
        return source.Use.IsOutput ? StreamForm.Covered(batch.Rows(values), subset) : values;
    }

    private static StreamSignal Detached(SignalSource source, Tensor values) =>
        source.Use.Kind == SignalKind.Scores ? new DenseScores(values) : new TargetTensor(values, source.Like);
}
