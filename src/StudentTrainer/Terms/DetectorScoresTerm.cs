using OnnxKd.Core.Logits;
using OnnxKd.Core.Settings;
using OnnxKd.StudentTrainer.Signals;
using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Terms;

/// <summary>
/// T² · KL(σ(v/T) ‖ σ(z/T)) of each score (and of the objectness), as a distribution of its own over yes and no (Yang et al., "Multi-label knowledge distillation",
/// ICCV 2023, equation 3), summed over anchors and columns and divided by the sum of the teacher's best scores: so the many anchors that see nothing do not
/// make it small, as the loss of Lin et al., "Focal loss for dense object detection", ICCV 2017, section 4, is divided by the number of anchors that see something.
/// </summary>
public sealed record DetectorScoresTerm : DetectorTerm
{
    /// <summary>T; default 1.</summary>
    [Setting("temperature of teacher and student", Above = 0)]
    public EpochSchedule Temperature { get; init; } = 1;

    internal override Tensor Compare(Tensor student, Tensor teacher, Tensor weight, TermSignals signals)
    {
        var temperature = Temperature.At(signals.Epoch);
        var (own, taught) = (Scores(student).Div(temperature), Scores(teacher).Div(temperature));
        return Bernoulli.Divergence(taught, own).sum().div(Sum(weight)).Mul(temperature * temperature);
    }

    private static Tensor Scores(Tensor columns) => columns.narrow(1, DetectorForm.BoxColumns, columns.shape[1] - DetectorForm.BoxColumns);
}
