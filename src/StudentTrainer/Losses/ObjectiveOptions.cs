namespace OnnxKd.StudentTrainer.Losses;

/// <summary>One term of the objective: <c>weight(epoch) · term</c>.</summary>
public sealed record TermOptions
{
    /// <summary>A name of the loss table: <c>soft</c>, <c>hard</c> or <c>logit-matching</c>.</summary>
    public required string Name { get; init; }

    /// <summary>The weight, constant or following a schedule in epochs; default 1.</summary>
    public WeightSchedule Weight { get; init; } = WeightSchedule.Constant(1);

    /// <summary>The temperature of <c>soft</c>; default 1. The other terms take none.</summary>
    public double Temperature { get; init; } = 1;

    /// <summary>
    /// The stream of the cache that <c>soft</c> and <c>logit-matching</c> learn from; default <c>null</c>: the only one that holds logits.
    /// </summary>
    public string? Stream { get; init; }
}

/// <summary>A weight over epochs: linear between points, constant outside them.</summary>
/// <param name="Points">(epoch, weight) pairs in rising order of epochs; epochs may be fractions.</param>
public sealed record WeightSchedule(IReadOnlyList<(double Epoch, double Weight)> Points)
{
    /// <summary>The same weight throughout.</summary>
    public static WeightSchedule Constant(double weight) => new([(0, weight)]);

    /// <summary>The weight at a time in epochs.</summary>
    public double At(double epoch)
    {
        var next = 0;
        while (next < Points.Count && Points[next].Epoch <= epoch)
            next++;
        if (next == 0)
            return Points[0].Weight;
        var before = Points[next - 1];
        if (next == Points.Count)
            return before.Weight;
        var after = Points[next];
        return before.Weight + (after.Weight - before.Weight) * (epoch - before.Epoch) / (after.Epoch - before.Epoch);
    }
}
