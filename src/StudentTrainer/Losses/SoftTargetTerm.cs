using OnnxKd.StudentTrainer.Losses.Targets;
using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Losses;

/// <summary>
/// T² · KL(softmax(v/T) ‖ softmax(z/T)), mean over the rows of the batch (valid positions, of all samples alike): the teacher's softened
/// probabilities as targets. The factor T² keeps the size of the gradients the same at every temperature. Hinton, Vinyals and Dean,
/// "Distilling the knowledge in a neural network", 2015, section 2. How the divergence is formed depends on what was stored:
/// <see cref="TeacherTargets"/>.
/// </summary>
/// <param name="temperature">T.</param>
internal sealed class SoftTargetTerm(double temperature) : LossTerm
{
    /// <inheritdoc/>
    public override TermNeeds Needs => TermNeeds.Teacher;

    /// <inheritdoc/>
    public override void Require(TargetForm form) => form.RequireTemperature(temperature);

    /// <inheritdoc/>
    public override Tensor Compute(in TermInputs inputs) =>
        inputs.Teacher!.Divergence(inputs.Logits, temperature).mul(temperature * temperature / inputs.Logits.shape[0]);
}
