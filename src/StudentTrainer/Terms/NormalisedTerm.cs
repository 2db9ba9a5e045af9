using OnnxKd.Core.Settings;
using OnnxKd.StudentTrainer.Signals;
using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Terms;

/// <summary>
/// Normalised knowledge distillation, −p_t log q_t − γ T² Σ p̂ log q̂ over the other classes, mean over positions: t is the label's class, p̂ and q̂
/// are teacher and student over the other classes alone, softened. Yang et al., "From knowledge distillation to self-knowledge distillation",
/// ICCV 2023, equation 7; the cross-entropy with the label is the term <c>hard</c>.
/// </summary>
public sealed record NormalisedTerm : LabelledScoreTerm
{
    /// <summary>T of the other classes; default 1.</summary>
    [Setting("temperature of the classes other than the label's", Above = 0)]
    public EpochSchedule Temperature { get; init; } = 1;

    /// <summary>The factor of the other classes; default 1.5.</summary>
    [Setting("factor of the classes other than the label's", AtLeast = 0)]
    public double Gamma { get; init; } = 1.5;

    internal override Tensor Compute(TermSignals signals)
    {
        var temperature = Temperature.At(signals.Epoch);
        var student = signals.Student;
        var teacher = signals.Teacher.Logits.to(student.dtype);
        var target = signals.Labels.Single(Name).unsqueeze(1);
        var known = teacher.softmax(1).gather(1, target).mul(student.log_softmax(1).gather(1, target));
        var (own, wanted) = (Softened(student), Softened(teacher));
        var others = wanted.exp().mul(own);
        return known.sum().Add(others.sum().Mul(Gamma * temperature * temperature)).Div(-student.shape[0]);

        // Log-probabilities of the classes other than the label's.
        Tensor Softened(Tensor logits) => Others(logits, target).Div(temperature).log_softmax(1);
    }
}
