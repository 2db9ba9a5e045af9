using OnnxKd.Core.LogitCaches;
using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Signals;

/// <summary>Logits stored in eight bits, with a scale for each position: code × scale.</summary>
/// <param name="stream">The stream.</param>
internal sealed class Int8Form(CacheStream stream) : ScoreForm(stream)
{
    /// <inheritdoc/>
    public override StreamSignal Bind(IReadOnlyList<Tensor> fields) => new DenseScores(fields[0], scales: fields[1]);
}
