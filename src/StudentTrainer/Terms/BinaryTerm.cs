using OnnxKd.Core.Settings;
using OnnxKd.StudentTrainer.Signals;
using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Terms;

/// <summary>
/// T² · KL(σ(v/T) ‖ σ(z/T)) of each label as a distribution of its own over yes and no, mean over positions and labels. Yang et al., "Multi-label
/// knowledge distillation" (L2D), ICCV 2023, equation 3 (its MLD), with the temperature of Hinton et al. 2015 and the mean over labels in
/// place of the sum, so that the weight does not depend on their number.
/// </summary>
public sealed record BinaryTerm : Term
{
    /// <summary>T; default 1.</summary>
    [Setting("temperature of teacher and student", Above = 0)]
    public EpochSchedule Temperature { get; init; } = 1;

    /// <summary>The scores that are learned from; default: the cache's.</summary>
    [Setting("scores of labels to learn from: a stream of the cache, or `LEARNER/TENSOR`; none: the only ones")]
    public string? Teacher { get; init; }

    /// <summary>The scores that learn; default: the student's.</summary>
    [Setting("scores of labels that learn: a tensor of the student; none: its logits")]
    public string? Student { get; init; }

    internal override IReadOnlyList<SignalUse> Reads =>
        [SignalUse.Own(SignalKind.LabelScores, Student), SignalUse.Target(SignalKind.LabelScores, Teacher)];

    internal override Tensor Compute(TermSignals signals)
    {
        var temperature = Temperature.At(signals.Epoch);
        var student = signals.Student.Div(temperature);
        var teacher = signals.TeacherTensor.Values.to(student.dtype).Div(temperature);
        return Bernoulli.Divergence(teacher, student).mean().Mul(temperature * temperature);
    }
}
