using OnnxKd.Core.Preparation;
using OnnxKd.Core.Progress;
using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Training;

/// <summary>Reads batches ahead: while one is computed with, a task fills the buffers of the next.</summary>
/// <param name="reader">The samples.</param>
/// <param name="contents">What is read besides.</param>
/// <param name="inputShape">The shape of one sample as the student takes it.</param>
/// <param name="batchSize">Rows per batch; the last one of a pass may be smaller.</param>
/// <param name="device">Where batches go.</param>
internal sealed class BatchSource(
    SampleReader reader, BatchContents contents, IReadOnlyList<long> inputShape, int batchSize, Device device) : IDisposable
{
    private readonly BatchBuffers[] buffers =
        [.. Enumerable.Range(0, 2).Select(_ => new BatchBuffers(reader, contents, [batchSize, .. inputShape]))];

    /// <summary>Batches in a pass over all rows.</summary>
    public int Count { get; } = checked((int)((reader.Set.Count + batchSize - 1) / batchSize));

    /// <summary>Reads rows in an order.</summary>
    /// <param name="order">The rows of a pass.</param>
    /// <param name="first">The batch to begin with.</param>
    /// <param name="view">The random view of the samples, and of the cache's rows.</param>
    public IEnumerable<PreparedBatch> Read(ReadOnlyMemory<long> order, int first = 0, uint view = 0)
    {
        var count = (order.Length + batchSize - 1) / batchSize;
        if (first >= count)
            yield break;
        var next = Task.Run(() => Fill(first));
        try
        {
            for (var index = first; index < count; index++)
            {
                var prepared = Await(next);
                var following = index + 1;
                if (following < count)
                    next = Task.Run(() => Fill(following));
                yield return prepared;
            }
        }
        finally
        {
            // Whoever stops early must not dispose buffers that are being written to. An error of a batch nobody wants is dropped.
            ((IAsyncResult)next).AsyncWaitHandle.WaitOne();
        }

        PreparedBatch Fill(int index)
        {
            using var span = Profile.Start("read batch", "loader");
            var rows = order.Slice(index * batchSize, Math.Min(batchSize, order.Length - index * batchSize));
            var buffer = buffers[index % buffers.Length];
            buffer.Fill(rows.Span, view);
            return new(rows, () => buffer.ToDevice(rows.Length, device));
        }
    }

    private static PreparedBatch Await(Task<PreparedBatch> next)
    {
        using var span = Profile.Start("wait for batch");
        return next.GetAwaiter().GetResult();
    }

    /// <inheritdoc/>
    public void Dispose() => Array.ForEach(buffers, buffer => buffer.Dispose());
}
