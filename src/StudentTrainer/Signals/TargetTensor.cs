using OnnxKd.Core.LogitCaches;
using OnnxKd.Core.Logits;
using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Signals;

/// <summary>What is learned from as it is: an inner tensor, labels' logits, values or embeddings, for a batch.</summary>
/// <param name="values">[N, ...] of an inner tensor, positions × columns of an output; float32.</param>
/// <param name="form">What the columns of an output are; <c>null</c>: not known.</param>
internal sealed class TargetTensor(Tensor values, OutputForm? form = null) : StreamSignal
{
    /// <summary>What the columns of a detector head are.</summary>
    public DetectorForm Detector => form!.Stream.Detector!;

    /// <summary>[N, ...] of an inner tensor, positions × columns of an output; float32.</summary>
    public Tensor Values => values;

    /// <summary>In which units values are compared; <c>null</c>: as they are.</summary>
    /// <param name="pullsIn">Whether those of columns that a few far values decide are logarithms.</param>
    public ValueScale? Scale(bool pullsIn) => (pullsIn ? form?.PulledIn : null) ?? form?.Scale;

    /// <summary>Stored floats, or eight bits with a scale for each position.</summary>
    public static Tensor Decode(IReadOnlyList<Tensor> fields) => fields.Count > 1 ? fields[0].to(float32).mul(fields[1]) : fields[0].to(float32);
}

/// <summary>An output that is no classes: positions × columns.</summary>
/// <param name="stream">The stream.</param>
internal sealed class OutputForm(CacheStream stream) : StreamForm(stream)
{
    /// <summary>In which units values of it are compared; <c>null</c>: as they are.</summary>
    public ValueScale? Scale { get; set; }

    /// <summary>The same where those of columns that a few far values decide are logarithms; <c>null</c>: there are no such columns.</summary>
    public ValueScale? PulledIn { get; set; }

    /// <inheritdoc/>
    public override SignalKind Kind { get; } = stream.Kind.Output()!.Value.Signal();

    /// <inheritdoc/>
    public override StreamSignal Bind(IReadOnlyList<Tensor> fields) => new TargetTensor(TargetTensor.Decode(fields).reshape(-1, Stream.Classes), this);
}
