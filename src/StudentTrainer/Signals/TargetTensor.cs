using OnnxKd.Core.LogitCaches;
using OnnxKd.Core.Logits;
using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Signals;

/// <summary>What is learned from as it is: an inner tensor, labels' logits, values or embeddings, for a batch.</summary>
/// <param name="values">[N, ...] of an inner tensor, positions × columns of an output; float32.</param>
/// <param name="spread">The standard deviation of each column over the set; <c>null</c>: not known.</param>
/// <param name="detector">What the columns of a detector head are; <c>null</c>: it is none, or not known.</param>
internal sealed class TargetTensor(Tensor values, IReadOnlyList<float>? spread = null, DetectorForm? detector = null) : StreamSignal
{
    /// <summary>What the columns of a detector head are.</summary>
    public DetectorForm Detector => detector!;

    /// <summary>[N, ...] of an inner tensor, positions × columns of an output; float32.</summary>
    public Tensor Values => values;

    /// <summary>The standard deviation of each column over the set, or 1 where that is not known.</summary>
    public Tensor Spread => spread is null ? ones(1, values.dtype, values.device) : tensor(spread.ToArray(), values.dtype, values.device);

    /// <summary>Stored floats, or eight bits with a scale for each position.</summary>
    public static Tensor Decode(IReadOnlyList<Tensor> fields) => fields.Count > 1 ? fields[0].to(float32).mul(fields[1]) : fields[0].to(float32);
}

/// <summary>An output that is no classes: positions × columns.</summary>
/// <param name="stream">The stream.</param>
internal sealed class OutputForm(CacheStream stream) : StreamForm(stream)
{
    /// <summary>The standard deviation of each column over the set; <c>null</c>: not known.</summary>
    public IReadOnlyList<float>? Spread { get; set; }

    /// <inheritdoc/>
    public override SignalKind Kind { get; } = stream.Kind.Output()!.Value.Signal();

    /// <inheritdoc/>
    public override StreamSignal Bind(IReadOnlyList<Tensor> fields) => new TargetTensor(TargetTensor.Decode(fields).reshape(-1, Stream.Classes), Spread, Stream.Detector);
}
