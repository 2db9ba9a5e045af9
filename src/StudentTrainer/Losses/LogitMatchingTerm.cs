using OnnxKd.StudentTrainer.Losses.Targets;
using TorchSharp;
using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Losses;

/// <summary>
/// ½ · mean over rows and classes of (z − v)², with z and v shifted to zero mean in each row: the limit of
/// <see cref="SoftTargetTerm"/> for large T. There the divergence of a row becomes ½ Σ (z − v)² ÷ (classes · T²), hence the division by
/// the number of classes too. Hinton, Vinyals and Dean 2015, section 2.1; the matching of logits itself: Buciluǎ, Caruana and
/// Niculescu-Mizil, "Model compression", KDD 2006.
/// </summary>
internal sealed class LogitMatchingTerm : LossTerm
{
    /// <inheritdoc/>
    public override TermNeeds Needs => TermNeeds.Teacher;

    /// <inheritdoc/>
    public override void Require(TargetForm form) => form.RequireEveryLogit();

    /// <inheritdoc/>
    public override Tensor Compute(in TermInputs inputs)
    {
        var teacher = inputs.Teacher!.Logits!.to(inputs.Logits.dtype);
        return nn.functional.mse_loss(ZeroMean(inputs.Logits), ZeroMean(teacher), nn.Reduction.Mean).mul(0.5);
    }

    private static Tensor ZeroMean(Tensor logits) => logits.sub(logits.mean([1], keepdim: true));
}
