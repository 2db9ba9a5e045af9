using System.Globalization;
using OnnxKd.StudentTrainer.Training;

namespace OnnxKd.Pipeline.Sweeps;

/// <summary>What a training gave on the validation set, in the best of its epochs so far. The test set has no part in it.</summary>
/// <param name="Metric">What was measured: <c>errors</c>, <c>agreement</c>, <c>mse</c> or <c>cosine</c>.</param>
/// <param name="Value">The figure.</param>
/// <param name="Nll">The negative log-likelihood of the same epoch, which decides between equal errors; <c>null</c>: there are no labels.</param>
/// <param name="Epochs">How many epochs it had.</param>
internal sealed record ValidationScore(string Metric, double Value, double? Nll, int Epochs) : IComparable<ValidationScore>
{
    /// <summary>Reads it from the events of a training.</summary>
    /// <param name="events">The epochs; of students side by side those of the first count.</param>
    /// <param name="epochs">Only these many of them.</param>
    /// <returns><c>null</c>: there is no validation set.</returns>
    public static ValidationScore? Of(IEnumerable<EpochEvent> events, int epochs = int.MaxValue)
    {
        var all = events.ToArray();
        var own = all.Where(epoch => epoch.Learner == all[0].Learner && epoch.Epoch <= epochs).ToArray();
        return own.Select(epoch => Of(epoch, own.Length)).Min();
    }

    /// <summary>Less is better.</summary>
    public int CompareTo(ValidationScore? other) => other is null ? -1
        : Cost.CompareTo(other.Cost) is not 0 and var order ? order : (Nll ?? 0).CompareTo(other.Nll ?? 0);

    /// <summary>For people: <c>12 errors</c>, <c>agreement 0.9876</c>.</summary>
    public override string ToString() =>
        Metric == "errors" ? string.Create(CultureInfo.InvariantCulture, $"{Value:0.#} errors") : string.Create(CultureInfo.InvariantCulture, $"{Metric} {Value:0.####}");

    /// <summary>The figure, so that less is better.</summary>
    public double Cost => Metric is "agreement" or "cosine" ? -Value : Value;

    private static ValidationScore? Of(EpochEvent epoch, int epochs) => epoch switch
    {
        { Errors: { } errors } => new("errors", errors, epoch.Nll, epochs),
        { Agreement: { } agreement } => new("agreement", agreement, null, epochs),
        { Mse: { } mse } => new("mse", mse, null, epochs),
        { Cosine: { } cosine } => new("cosine", cosine, null, epochs),
        _ => null,
    };
}
