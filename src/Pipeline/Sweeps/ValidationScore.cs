using System.Globalization;
using OnnxKd.StudentTrainer.Training;

namespace OnnxKd.Pipeline.Sweeps;

/// <summary>What a training gave on the validation set, in the epoch whose weights it keeps. The test set has no part in it.</summary>
/// <param name="Metric">What was measured, by its name: what early stopping watches, else what a validation set tells first of a student of this kind.</param>
/// <param name="Value">The figure.</param>
/// <param name="Epochs">How many epochs it had.</param>
/// <param name="Tie">What decides between equal errors or agreement, the smaller being better: the negative log-likelihood of the same epoch, or its KL divergence from the teacher; <c>null</c>: nothing does.</param>
internal sealed record ValidationScore(string Metric, double Value, int Epochs, double? Tie = null) : IComparable<ValidationScore>
{
    /// <summary>Reads it from the events of a training.</summary>
    /// <param name="events">The epochs; of students side by side those of the first count.</param>
    /// <param name="training">Its settings: which epoch's weights are kept.</param>
    /// <param name="epochs">Only these many of them.</param>
    /// <returns><c>null</c>: there is no validation set.</returns>
    public static ValidationScore? Of(IEnumerable<EpochEvent> events, TrainingOptions training, int epochs = int.MaxValue)
    {
        var all = events.ToArray();
        var own = all.Where(epoch => epoch.Learner == all[0].Learner && epoch.Epoch <= epochs).ToArray();
        if (own.Length == 0)
            return null;
        var (named, kept) = (training.EarlyStop?.Metric, training.KeepsBest ? EpochMetric.Best(own, training.EarlyStop?.Metric) : own[^1]);
        var metric = named is null ? EpochMetric.Of(kept) : EpochMetric.Named(named);
        return metric?.Value(kept) is { } value ? new(metric.Name, value, own.Length, metric.Tie(kept)) : null;
    }

    /// <summary>Less is better.</summary>
    public int CompareTo(ValidationScore? other) => other is null ? -1 : (Cost, Tie ?? 0).CompareTo((other.Cost, other.Tie ?? 0));

    /// <summary>For people: <c>12 errors</c>, <c>agreement 0.9876</c>.</summary>
    public override string ToString() =>
        Metric == "errors" ? string.Create(CultureInfo.InvariantCulture, $"{Value:0.#} errors") : string.Create(CultureInfo.InvariantCulture, $"{Metric} {Value:0.####}");

    /// <summary>The figure, so that less is better.</summary>
    public double Cost => EpochMetric.Named(Metric).Cost(Value, Tie).Figure;
}
