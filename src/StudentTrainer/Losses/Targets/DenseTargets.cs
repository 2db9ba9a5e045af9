using OnnxKd.Core.LogitCaches;
using TorchSharp;
using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Losses.Targets;

/// <summary>Every logit of the teacher: KL(softmax(v/T) ‖ softmax(z/T)). Hinton, Vinyals and Dean 2015, section 2.</summary>
/// <param name="logits">Rows × classes.</param>
internal sealed class DenseTargets(Tensor logits) : TeacherTargets
{
    /// <inheritdoc/>
    public override Tensor Logits => logits;

    /// <inheritdoc/>
    public override Tensor Top => logits.argmax(1);

    /// <inheritdoc/>
    public override Tensor Divergence(Tensor student, double temperature) => nn.functional.kl_div(
        student.div(temperature).log_softmax(1),
        logits.to(student.dtype).div(temperature).log_softmax(1),
        log_target: true,
        reduction: nn.Reduction.Sum);
}

/// <summary>Logits stored as floats.</summary>
/// <param name="stream">The stream.</param>
internal sealed class DenseForm(CacheStream stream) : TargetForm(stream)
{
    /// <inheritdoc/>
    public override TeacherTargets Bind(IReadOnlyList<Tensor> fields) => new DenseTargets(fields[0]);
}
