using OnnxKd.Core.Settings;

namespace OnnxKd.StudentTrainer.Optimizers;

/// <summary>The rate falls at milestones.</summary>
public sealed record StepSchedule : WarmedUpSchedule
{
    /// <summary>The epochs at which the rate is multiplied by <see cref="Gamma"/>.</summary>
    [Setting("epochs at which the rate is multiplied by gamma", Above = 0)]
    public IReadOnlyList<double> Milestones { get; init; } = [];

    /// <summary>The factor; default 0.1.</summary>
    [Setting("the factor", Above = 0)]
    public double Gamma { get; init; } = 0.1;

    /// <inheritdoc/>
    internal override double Factor(double epoch, int epochs) => Math.Pow(Gamma, Milestones.Count(milestone => milestone <= epoch));

    /// <summary>Equality of values, list entries included.</summary>
    public bool Equals(StepSchedule? other) => base.Equals(other) && Gamma.Equals(other.Gamma) && Milestones.SequenceEqual(other.Milestones);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(base.GetHashCode(), Gamma, Milestones.Count);
}
