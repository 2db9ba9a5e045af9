using OnnxKd.Core.Errors;

namespace OnnxKd.StudentTrainer.Terms;

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

    /// <inheritdoc/>
    public override string ToString() => Points is [(0, var constant)] ? FormattableString.Invariant($"{constant}") : string.Join(", ", Points.Select(point => FormattableString.Invariant($"{point.Epoch}: {point.Weight}")));

    /// <summary>Refuses weights that make no sense.</summary>
    /// <param name="term">Whose weight it is.</param>
    /// <exception cref="InputException">A weight is negative or not finite, or epochs do not rise.</exception>
    internal void Require(string term)
    {
        var rising = Points.Zip(Points.Skip(1)).All(pair => pair.First.Epoch < pair.Second.Epoch);
        var finite = Points.All(point => double.IsFinite(point.Epoch) && point.Weight >= 0 && double.IsFinite(point.Weight));
        if (Points.Count == 0 || !rising || !finite)
            throw new InputException(
                "A weight of the objective is out of range.",
                where: $"objective, term '{term}'",
                found: string.Join(", ", Points.Select(point => $"{point.Weight} at epoch {point.Epoch}")),
                expected: "weights of 0 or more, at epochs in rising order");
    }
}
