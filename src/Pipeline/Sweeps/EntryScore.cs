using OnnxKd.Pipeline.Reports;

namespace OnnxKd.Pipeline.Sweeps;

/// <summary>What settings that differ by their seeds alone gave on the validation set: they are compared by their means.</summary>
/// <param name="Scores">Of each seed.</param>
internal sealed record EntryScore(IReadOnlyList<ValidationScore> Scores) : IComparable<EntryScore>
{
    /// <summary>Puts them together; <c>null</c>: one is not known.</summary>
    public static EntryScore? Of(IReadOnlyList<ValidationScore?> scores) => scores.Any(score => score is null) ? null : new([.. scores.OfType<ValidationScore>()]);

    /// <summary>Less is better.</summary>
    public double Cost => Scores.Average(score => score.Cost);

    /// <summary>The fewest epochs of a seed, and the most.</summary>
    public string Epochs => Scores.Min(score => score.Epochs) is var least && Scores.Max(score => score.Epochs) is var most && least == most ? $"{least}" : $"{least} to {most}";

    /// <inheritdoc/>
    public int CompareTo(EntryScore? other) => other is null ? -1
        : Cost.CompareTo(other.Cost) is not 0 and var order ? order : Scores.Average(score => score.Tie ?? 0).CompareTo(other.Scores.Average(score => score.Tie ?? 0));

    /// <summary>For people.</summary>
    public override string ToString() => Spread.Of([.. Scores.Select(score => score.Value)]).Show(value => (Scores[0] with { Value = value }).ToString());
}
