using System.Runtime.InteropServices;
using OnnxKd.Core.Preparation;
using OnnxKd.StudentTrainer.Signals;
using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Batches;

/// <summary>Labels, batch by batch: one for each sample, or for each position of it.</summary>
/// <param name="reader">Where they are read.</param>
/// <param name="batchSize">The most samples of a batch.</param>
/// <param name="positions">Positions of the output that they are for: a label each, or one or more for the only one.</param>
/// <param name="device">Where they go.</param>
internal sealed class LabelBuffers(SampleReader reader, long batchSize, int positions, Device device) : IDisposable
{
    private readonly StagingTensor classes = new([batchSize * reader.LabelPositions], int64, device);
    private readonly StagingTensor? partners = reader.MixesLabels ? new([batchSize * reader.LabelPositions], int64, device) : null;
    private readonly StagingTensor? shares = reader.MixesLabels ? new([batchSize * reader.LabelPositions], float32, device) : null;

    /// <summary>Where those of a batch's samples are read to.</summary>
    /// <param name="sample">The first one.</param>
    public RowLabels From(int sample)
    {
        return new() { Classes = Room<long>(classes), Partners = Room<long>(partners), Shares = Room<float>(shares) };

        Span<T> Room<T>(StagingTensor? values) where T : unmanaged =>
            values is null ? [] : MemoryMarshal.Cast<byte, T>(values.Bytes)[(sample * reader.LabelPositions)..];
    }

    /// <summary>What was read last.</summary>
    /// <param name="rows">How many samples.</param>
    /// <param name="counted">The positions that count; <c>null</c>: all.</param>
    public LabelTargets ToDevice(int rows, CountedRows? counted)
    {
        var labels = (long)rows * reader.LabelPositions;
        var indices = reader.LabelPositions == 1 ? null : counted?.Indices(positions);
        return new(
            classes.OnDevice(labels, indices), partners?.OnDevice(labels, indices), shares?.OnDevice(labels, indices),
            reader.Set.LabelShape.Count == 0);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        classes.Dispose();
        partners?.Dispose();
        shares?.Dispose();
    }
}
