using OnnxKd.Core.LogitCaches;
using OnnxKd.StudentTrainer.Cpu;
using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Signals;

/// <summary>Every logit: of a teacher, or of a learner without its gradient.</summary>
/// <param name="stored">Positions × classes, in any float type, or integers with scales.</param>
/// <param name="scales">What the values at a position are multiplied by, positions × 1; <c>null</c>: they are the logits.</param>
internal sealed class DenseScores(Tensor stored, Tensor? scales = null) : TargetScores
{
    /// <inheritdoc/>
    public override Tensor Logits => scales is null ? stored : stored.to(float32).mul(scales);

    /// <inheritdoc/>
    public override Tensor Top => Logits.argmax(1);

    /// <inheritdoc/>
    public override (Tensor Student, Tensor Teacher) Soften(Tensor student, double temperature) =>
        (student.Div(temperature).log_softmax(1), Logits.to(student.dtype).Div(temperature).log_softmax(1));

    /// <inheritdoc/>
    public override Tensor Divergence(Tensor student, double temperature) =>
        CpuPaths.Divergence(student, Logits, temperature) ?? base.Divergence(student, temperature);
}

/// <summary>Logits stored as floats.</summary>
/// <param name="stream">The stream.</param>
internal sealed class DenseForm(CacheStream stream) : ScoreForm(stream)
{
    /// <inheritdoc/>
    public override StreamSignal Bind(IReadOnlyList<Tensor> fields) => new DenseScores(fields[0]);
}
