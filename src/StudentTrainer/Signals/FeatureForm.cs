using OnnxKd.Core.LogitCaches;
using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Signals;

/// <summary>Features, stored as floats or in eight bits with a scale for each position.</summary>
/// <param name="stream">The stream.</param>
internal sealed class FeatureForm(CacheStream stream) : StreamForm(stream)
{
    /// <inheritdoc/>
    public override SignalKind Kind => SignalKind.Features;

    /// <inheritdoc/>
    public override StreamSignal Bind(IReadOnlyList<Tensor> fields)
    {
        return new TargetTensor(TargetTensor.Decode(fields).reshape([-1, .. Stream.Shape.Select(size => (long)size)]));
    }
}
