using OnnxKd.Core.Settings;
using OnnxKd.StudentTrainer.Signals;
using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Terms;

/// <summary>
/// Decoupled knowledge distillation, T² · (α · KL of (p_t, 1 − p_t) + β · KL of the other classes among themselves), mean over positions; t is the
/// label's class. Soft targets are α = 1 and β = 1 − p_t of the teacher: what a sure teacher says of the other classes is lost there. Zhao
/// et al., "Decoupled knowledge distillation", CVPR 2022, equation 7.
/// </summary>
public sealed record DecoupledTerm : LabelledScoreTerm
{
    /// <summary>T; default 4.</summary>
    [Setting("temperature of teacher and student", Above = 0)]
    public EpochSchedule Temperature { get; init; } = 4;

    /// <summary>The factor of the label's class against all others; default 1.</summary>
    [Setting("factor of the label's class against all others", AtLeast = 0)]
    public double Alpha { get; init; } = 1;

    /// <summary>The factor of the other classes among themselves; default 8.</summary>
    [Setting("factor of the other classes among themselves", AtLeast = 0)]
    public double Beta { get; init; } = 8;

    internal override Tensor Compute(TermSignals signals)
    {
        var temperature = Temperature.At(signals.Epoch);
        var student = signals.Student.Div(temperature);
        var teacher = signals.Teacher.Logits.to(student.dtype).Div(temperature);
        var target = signals.Labels.Single(Name).unsqueeze(1);
        var (ownOthers, taughtOthers) = (Others(student, target), Others(teacher, target));
        var binary = Divergence(Binary(student.gather(1, target), ownOthers), Binary(teacher.gather(1, target), taughtOthers));
        var others = Divergence(ownOthers.log_softmax(1), taughtOthers.log_softmax(1));
        return binary.Mul(Alpha).Add(others.Mul(Beta)).Mul(temperature * temperature / student.shape[0]);
    }

    /// <summary>Log-probabilities of the label's class and of all others together.</summary>
    private static Tensor Binary(Tensor label, Tensor others) => cat([label, others.logsumexp(1, keepdim: true)], 1).log_softmax(1);

    private static Tensor Divergence(Tensor student, Tensor teacher) =>
        nn.functional.kl_div(student, teacher, log_target: true, reduction: nn.Reduction.Sum);
}
