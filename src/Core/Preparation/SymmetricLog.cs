using OnnxKd.Core.Settings;

namespace OnnxKd.Core.Preparation;

/// <summary>
/// A logarithm that pulls far values in, on both sides of a centre: in channels that have a unit <c>sign(z) × ln(1 + |z|)</c> of
/// <c>z = (value × scale − centre[c]) ÷ unit[c]</c> takes the place of <c>value × scale</c>. Within a unit of the centre it is nearly a straight line.
/// </summary>
public sealed record SymmetricLog
{
    /// <summary>Subtracted first; one entry, or one per channel; default 0.</summary>
    [Setting("subtracted first: one number, or one for each channel")]
    public IReadOnlyList<double> Centre { get; init; } = [0];

    /// <summary>Divided by after that; one entry, or one per channel; default 1; 0: values of the channel stay as they are.</summary>
    [Setting("divided by after that: one number, or one for each channel; 0 leaves its channel as it is", AtLeast = 0)]
    public IReadOnlyList<double> Unit { get; init; } = [1];

    /// <summary>Equality of the entries.</summary>
    public bool Equals(SymmetricLog? other) => other is not null && Centre.SequenceEqual(other.Centre) && Unit.SequenceEqual(other.Unit);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Centre.Count, Unit.Count);
}
