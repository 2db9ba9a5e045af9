using OnnxKd.StudentTrainer.Signals;
using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Terms;

/// <summary>
/// ½ · mean over positions and classes of (z − v)², with z and v shifted to zero mean at each position: the limit of <see cref="SoftTerm"/> for
/// large T. There the divergence at a position becomes ½ Σ (z − v)² ÷ (classes · T²), hence the division by the number of classes too. Hinton,
/// Vinyals and Dean 2015, section 2.1; the matching of logits itself: Buciluǎ, Caruana and Niculescu-Mizil, "Model compression", KDD 2006.
/// </summary>
public sealed record LogitMatchingTerm : ScoreTerm
{
    internal override Tensor Compute(TermSignals signals) => nn.functional.mse_loss(
        ZeroMean(signals.Student), ZeroMean(signals.Teacher.Logits.to(signals.Student.dtype)), nn.Reduction.Mean).Mul(0.5);

    private static Tensor ZeroMean(Tensor logits) => logits.sub(logits.mean([1], keepdim: true));
}
