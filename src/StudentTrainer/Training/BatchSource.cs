using System.Runtime.InteropServices;
using OnnxKd.Core.LogitCaches;
using OnnxKd.Core.Preparation;
using OnnxKd.StudentTrainer.Losses.Targets;
using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Training;

/// <summary>A batch on the device.</summary>
/// <param name="Samples">[N, ...].</param>
/// <param name="Teacher">What the teacher says of each sample; <c>null</c> without a cache.</param>
/// <param name="Labels">N class indices (int64); <c>null</c> if labels are not read.</param>
internal readonly record struct Batch(Tensor Samples, TeacherTargets? Teacher, Tensor? Labels);

/// <summary>A batch that was read.</summary>
/// <param name="Rows">The rows of the set.</param>
/// <param name="ToDevice">Makes its tensors, in the caller's dispose scope; they are valid until the next batch is taken.</param>
internal readonly record struct PreparedBatch(ReadOnlyMemory<long> Rows, Func<Batch> ToDevice);

/// <summary>Reads batches ahead: while one is computed with, a task fills the buffers of the next.</summary>
/// <param name="reader">The samples.</param>
/// <param name="cache">The teacher's logits, if they are to be read.</param>
/// <param name="labels">Whether labels are to be read.</param>
/// <param name="inputShape">The shape of one sample as the student takes it.</param>
/// <param name="batchSize">Rows per batch; the last one of a pass may be smaller.</param>
/// <param name="device">Where batches go.</param>
internal sealed class BatchSource(
    SampleReader reader, LogitCache? cache, bool labels, IReadOnlyList<long> inputShape, int batchSize, Device device) : IDisposable
{
    private readonly Buffers[] buffers =
        [.. Enumerable.Range(0, 2).Select(_ => new Buffers([batchSize, .. inputShape], cache?.Stream().Values, labels))];

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
                var prepared = next.GetAwaiter().GetResult();
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
            var rows = order.Slice(index * batchSize, Math.Min(batchSize, order.Length - index * batchSize));
            var buffer = buffers[index % buffers.Length];
            reader.Read(rows.Span, view, buffer.SampleValues);
            cache?.Read(cache.Stream(), rows.Span, (int)view, buffer.TeacherValues);
            if (labels)
                buffer.SetLabels(reader.Set.Labels, rows.Span);
            return new(rows, () => buffer.ToDevice(rows.Length, device));
        }
    }

    /// <inheritdoc/>
    public void Dispose() => Array.ForEach(buffers, buffer => buffer.Dispose());

    /// <summary>Tensors on the CPU that are filled over and over.</summary>
    private sealed class Buffers(long[] shape, int? classes, bool withLabels) : IDisposable
    {
        private readonly Tensor samples = empty(shape, float32, CPU).DetachFromDisposeScope();
        private readonly Tensor? teacher = classes is { } count ? empty([shape[0], count], float32, CPU).DetachFromDisposeScope() : null;
        private readonly Tensor? labels = withLabels ? empty([shape[0]], int64, CPU).DetachFromDisposeScope() : null;

        public Span<float> SampleValues => MemoryMarshal.Cast<byte, float>(samples.bytes);

        public Span<float> TeacherValues => MemoryMarshal.Cast<byte, float>(teacher!.bytes);

        public void SetLabels(ReadOnlySpan<int> all, ReadOnlySpan<long> rows)
        {
            var values = MemoryMarshal.Cast<byte, long>(labels!.bytes);
            for (var i = 0; i < rows.Length; i++)
                values[i] = all[(int)rows[i]];
        }

        public Batch ToDevice(int rows, Device device) =>
            new(First(samples, rows, device)!, First(teacher, rows, device) is { } logits ? new DenseTargets(logits) : null, First(labels, rows, device));

        public void Dispose()
        {
            samples.Dispose();
            teacher?.Dispose();
            labels?.Dispose();
        }

        private static Tensor? First(Tensor? tensor, int rows, Device device) => tensor?.narrow(0, 0, rows).to(device);
    }
}
