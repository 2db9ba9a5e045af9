namespace OnnxKd.Core.Settings;

/// <summary>A number over epochs: linear between points, constant outside them; recipes write a number, or <c>{ 0: 1, 10: 0.5 }</c>.</summary>
/// <param name="Points">(epoch, value) pairs in rising order of epochs; epochs may be fractions.</param>
public sealed record EpochSchedule(IReadOnlyList<(double Epoch, double Value)> Points)
{
    /// <summary>The same value throughout.</summary>
    public static implicit operator EpochSchedule(double value) => new([(0, value)]);

    /// <summary>The value throughout; <c>null</c>, if it changes.</summary>
    public double? Constant => Points is [(0, var value)] ? value : null;

    /// <summary>Whether there are points, at epochs that rise from 0 on.</summary>
    internal bool IsInOrder => Points.Count > 0 && Points[0].Epoch >= 0 && double.IsFinite(Points[^1].Epoch)
        && Points.Zip(Points.Skip(1)).All(pair => pair.First.Epoch < pair.Second.Epoch);

    /// <summary>The value at a time in epochs.</summary>
    public double At(double epoch)
    {
        var next = 0;
        while (next < Points.Count && Points[next].Epoch <= epoch)
            next++;
        if (next == 0)
            return Points[0].Value;
        var before = Points[next - 1];
        if (next == Points.Count)
            return before.Value;
        var after = Points[next];
        return before.Value + (after.Value - before.Value) * (epoch - before.Epoch) / (after.Epoch - before.Epoch);
    }

    /// <summary>Whether the points are the same: records compare lists by reference, and so would terms whose settings are equal.</summary>
    public bool Equals(EpochSchedule? other) => other is not null && Points.SequenceEqual(other.Points);

    /// <inheritdoc/>
    public override int GetHashCode() => Points.Aggregate(0, HashCode.Combine);

    /// <inheritdoc/>
    public override string ToString() => Constant is { } constant
        ? FormattableString.Invariant($"{constant}")
        : string.Join(", ", Points.Select(point => FormattableString.Invariant($"{point.Epoch}: {point.Value}")));
}
