using OnnxKd.StudentTrainer.Signals;
using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Terms;

/// <summary>
/// Cross-entropy with the class that the teacher puts first, mean over positions. Touvron et al., "Training data-efficient image transformers and
/// distillation through attention" (DeiT), ICML 2021, equation 3; the other half of that equation is the term <c>hard</c>.
/// </summary>
public sealed record HardDistillationTerm : ScoreTerm
{
    internal override void Require(TermShapes shapes)
    {
        // Every storage knows the first class.
    }

    internal override Tensor Compute(TermSignals signals) =>
        nn.functional.cross_entropy(signals.Student, signals.Teacher.Top, reduction: nn.Reduction.Mean);
}
