using TorchSharp;
using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Losses;

/// <summary>
/// T² · KL(softmax(v/T) ‖ softmax(z/T)), mean over the batch: the teacher's softened probabilities as targets. The factor T² keeps
/// the size of the gradients the same at every temperature. Hinton, Vinyals and Dean, "Distilling the knowledge in a neural
/// network", 2015, section 2.
/// </summary>
/// <param name="temperature">T.</param>
internal sealed class SoftTargetTerm(double temperature) : LossTerm
{
    /// <inheritdoc/>
    public override TermNeeds Needs => TermNeeds.TeacherLogits;

    /// <inheritdoc/>
    public override Tensor Compute(in TermInputs inputs)
    {
        var student = inputs.Logits.div(temperature).log_softmax(1);
        var teacher = inputs.TeacherLogits!.div(temperature).log_softmax(1);
        var divergence = nn.functional.kl_div(student, teacher, log_target: true, reduction: nn.Reduction.Sum);
        return divergence.mul(temperature * temperature / inputs.Logits.shape[0]);
    }
}
