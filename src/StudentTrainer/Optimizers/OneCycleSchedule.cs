using OnnxKd.Core.Settings;

namespace OnnxKd.StudentTrainer.Optimizers;

/// <summary>Half a cosine up, then half a cosine down (Smith and Topin, "Super-convergence", 2018; cosines as in PyTorch).</summary>
public sealed record OneCycleSchedule : ScheduleOptions
{
    /// <summary>It starts at this share of the peak, as PyTorch's OneCycleLR does by default.</summary>
    private const double First = 1.0 / 25;

    /// <summary>The share of training in which the rate rises; default 0.3.</summary>
    [Setting("share of training in which the rate rises", Above = 0, Below = 1)]
    public double RiseShare { get; init; } = 0.3;

    /// <summary>The last factor; default 0.</summary>
    [Setting("last factor", AtLeast = 0, AtMost = 1)]
    public double FinalFactor { get; init; }

    /// <inheritdoc/>
    internal override double Factor(double epoch, int epochs)
    {
        var time = epoch / epochs;
        return time < RiseShare ? Anneal(First, 1, time / RiseShare) : Anneal(1, FinalFactor, (time - RiseShare) / (1 - RiseShare));
    }
}
