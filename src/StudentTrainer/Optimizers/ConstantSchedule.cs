namespace OnnxKd.StudentTrainer.Optimizers;

/// <summary>The peak all along.</summary>
public sealed record ConstantSchedule : WarmedUpSchedule
{
    /// <inheritdoc/>
    internal override double Factor(double epoch, int epochs) => 1;
}
