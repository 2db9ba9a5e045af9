using OnnxKd.Core.Preparation;
using OnnxKd.Core.Progress;
using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Batches;

/// <summary>
/// Reads batches: ahead, by a thread that fills the buffers of the next one while one is computed with; or each when its turn comes.
/// </summary>
/// <param name="reader">The samples.</param>
/// <param name="contents">What is read besides.</param>
/// <param name="inputShape">The shape of one sample as the student takes it.</param>
/// <param name="batchSize">Rows per batch; the last one of a pass may be smaller.</param>
/// <param name="device">Where batches go.</param>
/// <param name="isAhead">Whether they are read ahead.</param>
internal sealed class BatchSource(
    SampleReader reader, BatchContents contents, IReadOnlyList<long> inputShape, int batchSize, Device device, bool isAhead) : IDisposable
{
    private readonly BatchBuffers[] buffers =
        [.. Enumerable.Range(0, isAhead ? 2 : 1).Select(_ => new BatchBuffers(reader, contents, [batchSize, .. inputShape], device))];

    /// <summary>Batches in a pass over all rows.</summary>
    public int Count { get; } = checked((int)((reader.Set.Count + batchSize - 1) / batchSize));

    /// <summary>Reads ahead, unless that would only take a processor away from libtorch: it has all of them, and samples are in memory.</summary>
    /// <inheritdoc cref="BatchSource"/>
    public static BatchSource Open(
        SampleReader reader, BatchContents contents, IReadOnlyList<long> inputShape, int batchSize, Device device) =>
        new(reader, contents, inputShape, batchSize, device, isAhead: !(reader.Set.IsHeld && ComputeDevice.HasAllProcessors(device)));

    /// <summary>Reads rows in an order.</summary>
    /// <param name="order">The rows of a pass.</param>
    /// <param name="first">The batch to begin with.</param>
    /// <param name="view">The random view of the samples, and of the cache's rows.</param>
    public IEnumerable<PreparedBatch> Read(ReadOnlyMemory<long> order, int first = 0, uint view = 0)
    {
        var count = (order.Length + batchSize - 1) / batchSize;
        if (first >= count)
            yield break;
        if (!isAhead)
        {
            for (var index = first; index < count; index++)
                yield return Fill(index);
            yield break;
        }

        // Whoever stops early waits for the buffer that is being written to, so that it may be disposed.
        using var ahead = new ReadAhead<PreparedBatch>(i => Fill(first + i), count - first);
        for (var index = first; index < count; index++)
            yield return Await(ahead);

        PreparedBatch Fill(int index)
        {
            using var span = Profile.Start("read batch", isAhead ? "loader" : Profile.MainLane);
            var rows = order.Slice(index * batchSize, Math.Min(batchSize, order.Length - index * batchSize));
            var buffer = buffers[index % buffers.Length];
            buffer.Fill(rows, view);
            return new(rows, () => buffer.ToDevice(rows.Length));
        }
    }

    private static PreparedBatch Await(ReadAhead<PreparedBatch> ahead)
    {
        using var span = Profile.Start("wait for batch");
        return ahead.Take();
    }

    /// <inheritdoc/>
    public void Dispose() => Array.ForEach(buffers, buffer => buffer.Dispose());
}
