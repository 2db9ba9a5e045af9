namespace OnnxKd.StudentTrainer.Optimizers;

/// <summary>The learning rate of each step.</summary>
/// <param name="peak">The peak learning rate.</param>
/// <param name="options">The shape.</param>
/// <param name="epochs">Epochs in all.</param>
/// <param name="stepsPerEpoch">Steps per epoch.</param>
internal sealed class LearningRateSchedule(double peak, ScheduleOptions options, int epochs, int stepsPerEpoch)
{
    /// <summary>The rate of a step, counted from 0. The last step of a warm-up is the first at full rate.</summary>
    public double At(long step)
    {
        var warmupSteps = options.Warmup * stepsPerEpoch;
        return peak * (step + 1 < warmupSteps ? (step + 1) / warmupSteps : options.Factor((double)step / stepsPerEpoch, epochs));
    }
}
