using OnnxKd.Core.LogitCaches;
using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Signals;

/// <summary>An inner tensor of a teacher, for a batch.</summary>
/// <param name="values">[N, ...], float32.</param>
internal sealed class TargetFeatures(Tensor values) : StreamSignal
{
    /// <summary>[N, ...], float32.</summary>
    public Tensor Values => values;
}

/// <summary>Features, stored as floats or in eight bits with a scale for each position.</summary>
/// <param name="stream">The stream.</param>
internal sealed class FeatureForm(CacheStream stream) : StreamForm(stream)
{
    /// <inheritdoc/>
    public override SignalKind Kind => SignalKind.Features;

    /// <inheritdoc/>
    public override StreamSignal Bind(IReadOnlyList<Tensor> fields)
    {
        var values = fields[0].to(float32);
        if (fields.Count > 1)
            values = values.mul(fields[1]);
        return new TargetFeatures(values.reshape([-1, .. Stream.Shape.Select(size => (long)size)]));
    }
}
