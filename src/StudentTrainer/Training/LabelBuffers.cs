using System.Runtime.InteropServices;
using OnnxKd.Core.Preparation;
using OnnxKd.StudentTrainer.Losses;
using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Training;

/// <summary>Labels, batch by batch: one for each sample, or for each position of it.</summary>
/// <param name="reader">Where they are read.</param>
/// <param name="batchSize">The most samples of a batch.</param>
internal sealed class LabelBuffers(SampleReader reader, long batchSize) : IDisposable
{
    private readonly Tensor classes = Empty(reader, batchSize, int64);
    private readonly Tensor? partners = reader.MixesLabels ? Empty(reader, batchSize, int64) : null;
    private readonly Tensor? shares = reader.MixesLabels ? Empty(reader, batchSize, float32) : null;

    /// <summary>Where they are read to.</summary>
    public RowLabels Room => new()
    {
        Classes = MemoryMarshal.Cast<byte, long>(classes.bytes),
        Partners = partners is null ? [] : MemoryMarshal.Cast<byte, long>(partners.bytes),
        Shares = shares is null ? [] : MemoryMarshal.Cast<byte, float>(shares.bytes),
    };

    /// <summary>What was read last.</summary>
    /// <param name="rows">How many samples.</param>
    /// <param name="device">Where it goes.</param>
    /// <param name="valid">The positions that count, on the device; <c>null</c>: all.</param>
    public LabelTargets ToDevice(int rows, Device device, Tensor? valid)
    {
        return new(Counted(classes), Optional(partners), Optional(shares), reader.Set.LabelShape.Count == 0);

        Tensor? Optional(Tensor? values) => values is null ? null : Counted(values);

        Tensor Counted(Tensor values)
        {
            var moved = values.narrow(0, 0, rows * reader.LabelPositions).to(device);
            return valid is null || reader.LabelPositions == 1 ? moved : moved.index_select(0, valid);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        classes.Dispose();
        partners?.Dispose();
        shares?.Dispose();
    }

    private static Tensor Empty(SampleReader reader, long batchSize, ScalarType type) =>
        empty([batchSize * reader.LabelPositions], type, CPU).DetachFromDisposeScope();
}
