using OnnxKd.StudentTrainer.Signals;
using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Batches;

/// <summary>
/// A batch on the device. A sample has one position or more (frames, pixels); a row is a position that counts, of all samples in order.
/// </summary>
/// <param name="Samples">[N, ...].</param>
/// <param name="Streams">What the cache says, by stream: class scores for each row, features for each sample; empty if no stream is read.</param>
/// <param name="Labels">The class of each row; <c>null</c> if labels are not read.</param>
/// <param name="Valid">The indices (int64) among N × positions of those that count; <c>null</c>: all.</param>
internal readonly record struct Batch(
    Tensor Samples, IReadOnlyDictionary<string, StreamSignal> Streams, LabelTargets? Labels, Tensor? Valid = null)
{
    /// <summary>Other rows of the cache, drawn at random.</summary>
    public IReadOnlyDictionary<Draw, StreamSignal> Drawn { get; init; } = new Dictionary<Draw, StreamSignal>();

    /// <summary>The rows that count.</summary>
    /// <param name="values">[N, positions..., values].</param>
    /// <param name="width">Values at each position.</param>
    /// <param name="valid">The indices of those that count; <c>null</c>: all.</param>
    public static Tensor Rows(Tensor values, long width, Tensor? valid)
    {
        var rows = values.reshape(-1, width);
        return valid is null ? rows : rows.index_select(0, valid);
    }
}

/// <summary>Rows of a stream that are drawn for each step.</summary>
/// <param name="Stream">The stream.</param>
/// <param name="Rows">How many rows.</param>
internal readonly record struct Draw(string Stream, int Rows);

/// <summary>A batch that was read.</summary>
/// <param name="Rows">The rows of the set.</param>
/// <param name="ToDevice">Makes its tensors, in the caller's dispose scope; they are valid until the next batch is taken.</param>
internal readonly record struct PreparedBatch(ReadOnlyMemory<long> Rows, Func<Batch> ToDevice);
