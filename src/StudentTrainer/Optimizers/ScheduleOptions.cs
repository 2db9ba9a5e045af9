using OnnxKd.Core.Settings;

namespace OnnxKd.StudentTrainer.Optimizers;

/// <summary>The learning rate over training, as a factor of its peak.</summary>
public abstract record ScheduleOptions
{
    /// <summary>All schedules.</summary>
    public static KindTable Kinds { get; } = new(
        ("constant", typeof(ConstantSchedule)), ("step", typeof(StepSchedule)), ("cosine", typeof(CosineSchedule)),
        ("one-cycle", typeof(OneCycleSchedule)));

    /// <summary>Epochs in which the rate rises linearly before the schedule sets in.</summary>
    internal virtual double Warmup => 0;

    /// <summary>The factor at a time.</summary>
    /// <param name="epoch">Epochs that have passed, a fraction within one.</param>
    /// <param name="epochs">Epochs in all.</param>
    internal abstract double Factor(double epoch, int epochs);

    /// <summary>Half a cosine from one value to another.</summary>
    private protected static double Anneal(double from, double to, double share) =>
        to + (from - to) * (1 + Math.Cos(Math.PI * Math.Clamp(share, 0, 1))) / 2;
}

/// <summary>A schedule that a warm-up comes before.</summary>
public abstract record WarmedUpSchedule : ScheduleOptions
{
    /// <summary>Epochs of linear warm-up from 0; default 0.</summary>
    [Setting("epochs of linear warm-up from 0", AtLeast = 0)]
    public double WarmupEpochs { get; init; }

    /// <inheritdoc/>
    internal override double Warmup => WarmupEpochs;
}
