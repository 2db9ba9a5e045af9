using OnnxKd.StudentTrainer.Signals;
using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Batches;

/// <summary>
/// A batch on the device. A sample has one position or more (frames, pixels); a row is a position that counts, of all samples in order.
/// </summary>
/// <param name="Samples">[N, ...].</param>
/// <param name="Streams">What the cache says, by stream: class scores for each row, features for each sample; empty if no stream is read.</param>
/// <param name="Labels">The class of each row; <c>null</c> if labels are not read.</param>
/// <param name="Counted">Which positions count; <c>null</c>: all.</param>
internal readonly record struct Batch(
    Tensor Samples, IReadOnlyDictionary<string, StreamSignal> Streams, LabelTargets? Labels, CountedRows? Counted = null)
{
    /// <summary>Other rows of the cache, drawn at random.</summary>
    public IReadOnlyDictionary<Draw, DrawnSignal> Drawn { get; init; } = new Dictionary<Draw, DrawnSignal>();

    /// <summary>The rows that count.</summary>
    /// <param name="values">[N, positions..., values].</param>
    public Tensor Rows(Tensor values)
    {
        var rows = values.reshape(-1, values.shape[^1]);
        return Counted?.Indices(rows.shape[0] / values.shape[0]) is { } indices ? rows.index_select(0, indices) : rows;
    }
}

/// <summary>Rows of a stream that are drawn for each step.</summary>
/// <param name="Stream">The stream.</param>
/// <param name="Rows">How many rows.</param>
internal readonly record struct Draw(string Stream, int Rows);

/// <summary>What a stream says of rows that were drawn.</summary>
/// <param name="Signal">It.</param>
/// <param name="Counted">Which of their positions count; <c>null</c>: all.</param>
internal sealed record DrawnSignal(StreamSignal Signal, CountedRows? Counted);

/// <summary>A batch that was read.</summary>
/// <param name="Rows">The rows of the set.</param>
/// <param name="ToDevice">Makes its tensors, in the caller's dispose scope; they are valid until the next batch is taken.</param>
internal readonly record struct PreparedBatch(ReadOnlyMemory<long> Rows, Func<Batch> ToDevice);
