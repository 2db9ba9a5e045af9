using OnnxKd.Core.Settings;
using OnnxKd.StudentTrainer.Signals;
using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Terms;

/// <summary>
/// T² · (β · mean over positions of (1 − ρ) + γ · mean over classes of (1 − ρ)), ρ being Pearson's correlation of the softened probabilities of
/// student and teacher: over the classes of a position, and over the positions of a class. A match up to shift and scale, which a much larger teacher allows.
/// Huang et al., "Knowledge distillation from a stronger teacher" (DIST), NeurIPS 2022, equations 9 and 10.
/// </summary>
public sealed record CorrelationTerm : ScoreTerm
{
    private const double SmallestNorm = 1e-8;

    /// <summary>T; default 1.</summary>
    [Setting("temperature of teacher and student", Above = 0)]
    public EpochSchedule Temperature { get; init; } = 1;

    /// <summary>The factor of the correlation between classes; default 1.</summary>
    [Setting("factor of the correlation between classes, at each position", AtLeast = 0)]
    public double Beta { get; init; } = 1;

    /// <summary>The factor of classes; default 1.</summary>
    [Setting("factor of the correlation between samples, in each class", AtLeast = 0)]
    public double Gamma { get; init; } = 1;

    internal override Tensor Compute(TermSignals signals)
    {
        var temperature = Temperature.At(signals.Epoch);
        var student = signals.Student.Div(temperature).softmax(1);
        var teacher = signals.Teacher.Logits.to(student.dtype).Div(temperature).softmax(1);
        var between = Distance(student, teacher, 1).Mul(Beta);
        var within = Distance(student, teacher, 0).Mul(Gamma);
        return between.Add(within).Mul(temperature * temperature);
    }

    /// <summary>1 − ρ along an axis, mean over the other.</summary>
    private static Tensor Distance(Tensor student, Tensor teacher, long axis)
    {
        var (x, y) = (Centred(student, axis), Centred(teacher, axis));
        var norms = Norm(x, axis).mul(Norm(y, axis)).ClampMin(SmallestNorm);
        return x.mul(y).sum(axis).div(norms).mean().neg().Add(1);
    }

    private static Tensor Centred(Tensor values, long axis) => values.sub(values.mean([axis], keepdim: true));

    /// <summary>Smooth at 0 too, where a class has the same probability at every position.</summary>
    private static Tensor Norm(Tensor values, long axis) => values.Square().sum(axis).Add(SmallestNorm * SmallestNorm).sqrt();
}
