using OnnxKd.Core.LogitCaches;
using OnnxKd.StudentTrainer.Cpu;
using TorchSharp;
using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Losses.Targets;

/// <summary>Every logit of the teacher: KL(softmax(v/T) ‖ softmax(z/T)). Hinton, Vinyals and Dean 2015, section 2.</summary>
/// <param name="stored">Rows × classes, in the stored type.</param>
/// <param name="scales">What the values of a row are multiplied by, rows × 1; <c>null</c>: they are the logits.</param>
internal sealed class DenseTargets(Tensor stored, Tensor? scales = null) : TeacherTargets
{
    /// <inheritdoc/>
    public override Tensor Logits => scales is null ? stored : stored.to(float32).mul(scales);

    /// <inheritdoc/>
    public override Tensor Top => Logits.argmax(1);

    /// <inheritdoc/>
    public override Tensor Divergence(Tensor student, double temperature) =>
        CpuPaths.Divergence(student, Logits, temperature) ?? nn.functional.kl_div(
            student.div(temperature).log_softmax(1),
            Logits.to(student.dtype).div(temperature).log_softmax(1),
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
