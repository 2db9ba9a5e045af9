using OnnxKd.Core.Settings;
using OnnxKd.StudentTrainer.Signals;
using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Terms;

/// <summary>
/// −Σ ((p + y)^γ − y) log q over classes, mean over positions, p and q being teacher and student and y the label as 0 and 1: cross-entropy with the
/// teacher in which the label's class weighs more, the surer the teacher is. Meant for students of another family, at exits too. Hao et al.,
/// "One-for-all: bridge the gap between heterogeneous architectures in knowledge distillation", NeurIPS 2023, equation 8.
/// </summary>
public sealed record OneForAllTerm : LabelledScoreTerm
{
    /// <summary>T; default 1.</summary>
    [Setting("temperature of teacher and student", Above = 0)]
    public EpochSchedule Temperature { get; init; } = 1;

    /// <summary>γ; default 1.5.</summary>
    [Setting("exponent: 1 is cross-entropy with the teacher, more gives the label's class more weight", AtLeast = 1)]
    public double Gamma { get; init; } = 1.5;

    internal override Tensor Compute(TermSignals signals)
    {
        var temperature = Temperature.At(signals.Epoch);
        var student = signals.Student.Div(temperature).log_softmax(1);
        var teacher = signals.Teacher.Logits.to(student.dtype).Div(temperature).softmax(1);
        var label = zeros_like(teacher).scatter(1, signals.Labels.Single(Name).unsqueeze(1), ones_like(teacher));
        return teacher.Add(label).Pow(Gamma).sub(label).mul(student).sum().Div(-student.shape[0]);
    }
}
