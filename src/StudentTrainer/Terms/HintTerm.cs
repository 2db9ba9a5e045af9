using OnnxKd.StudentTrainer.Signals;
using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Terms;

/// <summary>
/// ½ · mean of (student's features − teacher's features)² over samples and values, the student's after a projection. Romero et al.,
/// "FitNets: hints for thin deep nets", ICLR 2015, equation 3, with the mean in place of the sum so that the weight does not depend on the
/// size of the features.
/// </summary>
public sealed record HintTerm : ProjectedFeatureTerm
{
    internal override Tensor Compute(TermSignals signals)
    {
        var loss = base.Compute(signals);
        return signals.Mask(signals.Student, signals.Counted) is { } mask ? loss.div(mask.to(loss.dtype).mean()) : loss;
    }

    internal override Tensor Compare(Tensor student, Tensor teacher) =>
        nn.functional.mse_loss(student, teacher, nn.Reduction.Mean).Mul(0.5);
}
