namespace OnnxKd.StudentTrainer.Training;

/// <summary>The learning rate of each step.</summary>
/// <param name="peak">The peak learning rate.</param>
/// <param name="options">The shape.</param>
/// <param name="epochs">Epochs in all.</param>
/// <param name="stepsPerEpoch">Steps per epoch.</param>
internal sealed class LearningRateSchedule(double peak, ScheduleOptions options, int epochs, int stepsPerEpoch)
{
    /// <summary>One-cycle starts at this share of the peak, as PyTorch's OneCycleLR does by default.</summary>
    private const double OneCycleStart = 1.0 / 25;

    private static readonly Dictionary<string, Func<LearningRateSchedule, double, double>> Shapes = new(StringComparer.Ordinal)
    {
        { "constant", (_, _) => 1 },
        { "step", (schedule, epoch) => schedule.Step(epoch) },
        { "cosine", (schedule, epoch) => schedule.Cosine(epoch) },
        { "one-cycle", (schedule, epoch) => schedule.OneCycle(epoch) },
    };

    private readonly Func<LearningRateSchedule, double, double> shape = Shapes[options.Name];
    private readonly double warmupEpochs = options.Name == "one-cycle" ? 0 : options.WarmupEpochs;

    /// <summary>The names of the schedules.</summary>
    public static IReadOnlyCollection<string> Names => Shapes.Keys;

    /// <summary>The rate of a step, counted from 0. The last step of a warm-up is the first at full rate.</summary>
    public double At(long step)
    {
        var warmupSteps = warmupEpochs * stepsPerEpoch;
        return peak * (step + 1 < warmupSteps ? (step + 1) / warmupSteps : shape(this, (double)step / stepsPerEpoch));
    }

    private double Step(double epoch) => Math.Pow(options.Gamma, options.Milestones.Count(milestone => milestone <= epoch));

    /// <summary>
    /// Half a cosine from 1 to the final factor, after the warm-up (Loshchilov and Hutter, "SGDR", 2017, without restarts).
    /// </summary>
    private double Cosine(double epoch) => Anneal(1, options.FinalFactor, (epoch - warmupEpochs) / (epochs - warmupEpochs));

    /// <summary>Half a cosine up, then half a cosine down (Smith and Topin, "Super-convergence", 2018; cosines as in PyTorch).</summary>
    private double OneCycle(double epoch)
    {
        var time = epoch / epochs;
        return time < options.RiseShare
            ? Anneal(OneCycleStart, 1, time / options.RiseShare)
            : Anneal(1, options.FinalFactor, (time - options.RiseShare) / (1 - options.RiseShare));
    }

    private static double Anneal(double from, double to, double share) =>
        to + (from - to) * (1 + Math.Cos(Math.PI * Math.Clamp(share, 0, 1))) / 2;
}
