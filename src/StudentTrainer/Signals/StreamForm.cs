using OnnxKd.Core.Errors;
using OnnxKd.Core.LogitCaches;
using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Signals;

/// <summary>What a stream of a cache says of a batch: class scores (<see cref="TargetScores"/>) or others (<see cref="TargetTensor"/>).</summary>
internal abstract class StreamSignal
{
}

/// <summary>How a stream of a cache is read: what is stored, and the signal that becomes of it.</summary>
/// <param name="stream">The stream.</param>
internal abstract class StreamForm(CacheStream stream)
{
    /// <summary>The stream.</summary>
    public CacheStream Stream => stream;

    /// <summary>What is read for each sample, as it is stored.</summary>
    public IReadOnlyList<StorageField> Fields { get; } = stream.Storage.Fields(stream);

    /// <summary>What the signal holds.</summary>
    public abstract SignalKind Kind { get; }

    /// <summary>The form of a stream: the table of all storages.</summary>
    public static StreamForm Of(CacheStream stream) => (stream.Kind, stream.Storage) switch
    {
        (StreamKind.Feature, _) => new FeatureForm(stream),
        (StreamKind.LabelLogit or StreamKind.Value or StreamKind.Embedding or StreamKind.Detection, _) => new OutputForm(stream),
        (_, Float32 or Float16 or BFloat16) => new DenseForm(stream),
        (_, Int8) => new Int8Form(stream),
        (_, TopK storage) => new TopKForm(stream, storage),
        (_, Sampled storage) => new SampledForm(stream, storage),
        var (_, other) => throw new NotSupportedException($"No signal is made of streams stored as {other.Name}."),
    };

    /// <summary>The columns of a student's scores that a stream is about.</summary>
    /// <param name="scores">Positions × classes.</param>
    /// <param name="subset">The classes; <c>null</c>: all.</param>
    public static Tensor Covered(Tensor scores, ClassSubset? subset) =>
        subset is null ? scores : scores.index_select(1, tensor(subset.Columns.Select(column => (long)column).ToArray(), device: scores.device));

    /// <summary>Checks what was read, as far as libtorch would not.</summary>
    /// <param name="field">The index of one of <see cref="Fields"/>.</param>
    /// <param name="stored">Its values.</param>
    /// <exception cref="CheckFailedException">The cache contradicts itself.</exception>
    public virtual void Check(int field, ReadOnlySpan<byte> stored)
    {
    }

    /// <summary>Makes a signal of what was read.</summary>
    /// <param name="fields">One tensor for each of <see cref="Fields"/>, positions × values, in the stored type.</param>
    public abstract StreamSignal Bind(IReadOnlyList<Tensor> fields);
}
