using OnnxKd.Core.Settings;
using OnnxKd.StudentTrainer.Signals;
using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Terms;

/// <summary>
/// T² · KL(softmax(v/T) ‖ softmax(z/T)), mean over positions: the teacher's softened probabilities as targets. The factor T² keeps the size of
/// the gradients the same at every temperature. Hinton, Vinyals and Dean, "Distilling the knowledge in a neural network", 2015, section 2.
/// </summary>
public sealed record SoftTerm : ScoreTerm
{
    private const double SmallestDeviation = 1e-6;

    /// <summary>T; default 1.</summary>
    [Setting("temperature of teacher and student", Above = 0)]
    public EpochSchedule Temperature { get; init; } = 1;

    /// <summary>
    /// Whether the logits of each position are first brought to mean 0 and deviation 1 on both sides. Sun et al., "Logit standardization in knowledge
    /// distillation", CVPR 2024, equation 9. Default false.
    /// </summary>
    [Setting("whether logits of both sides are standardised at each position first (Sun et al. 2024)")]
    public bool Standardise { get; init; }

    internal override void Require(TermShapes shapes)
    {
        shapes.RequireTemperature(Temperature);
        if (Standardise)
            shapes.RequireEveryLogit();
    }

    internal override Tensor Compute(TermSignals signals)
    {
        var (student, teacher) = Standardise
            ? (Standard(signals.Student), new DenseScores(Standard(signals.Teacher.Logits.to(signals.Student.dtype))))
            : (signals.Student, signals.Teacher);
        var temperature = Temperature.At(signals.Epoch);
        return teacher.Divergence(student, temperature).Mul(temperature * temperature / student.shape[0]);
    }

    private static Tensor Standard(Tensor logits)
    {
        var centred = logits.sub(logits.mean([1], keepdim: true));
        return centred.div(centred.Square().mean([1], keepdim: true).sqrt().ClampMin(SmallestDeviation));
    }
}
