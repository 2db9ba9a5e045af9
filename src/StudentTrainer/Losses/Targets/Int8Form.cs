using OnnxKd.Core.LogitCaches;
using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Losses.Targets;

/// <summary>Logits stored in eight bits, with a scale for each position: code × scale.</summary>
/// <param name="stream">The stream.</param>
internal sealed class Int8Form(CacheStream stream) : TargetForm(stream)
{
    /// <inheritdoc/>
    public override TeacherTargets Bind(IReadOnlyList<Tensor> fields) => new DenseTargets(fields[0], scales: fields[1]);
}
