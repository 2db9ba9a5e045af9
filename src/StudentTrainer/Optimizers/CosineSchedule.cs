using OnnxKd.Core.Settings;

namespace OnnxKd.StudentTrainer.Optimizers;

/// <summary>
/// Half a cosine from 1 to the final factor, after the warm-up (Loshchilov and Hutter, "SGDR", 2017, without restarts).
/// </summary>
public sealed record CosineSchedule : WarmedUpSchedule
{
    /// <summary>The last factor; default 0.</summary>
    [Setting("last factor", AtLeast = 0, AtMost = 1)]
    public double FinalFactor { get; init; }

    /// <inheritdoc/>
    internal override double Factor(double epoch, int epochs) => Anneal(1, FinalFactor, (epoch - WarmupEpochs) / (epochs - WarmupEpochs));
}
