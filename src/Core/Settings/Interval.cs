namespace OnnxKd.Core.Settings;

/// <summary>The numbers from one to another, both included; recipes write <c>[from, to]</c>.</summary>
/// <param name="From">The lowest.</param>
/// <param name="To">The highest.</param>
public sealed record Interval(double From, double To)
{
    /// <inheritdoc/>
    public override string ToString() => FormattableString.Invariant($"[{From}, {To}]");
}
