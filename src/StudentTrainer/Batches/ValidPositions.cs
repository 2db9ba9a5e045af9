using System.Runtime.InteropServices;
using OnnxKd.Core.TransferSets;
using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Batches;

/// <summary>Which positions of a batch count.</summary>
/// <param name="counted">Those of each sample.</param>
/// <param name="batchSize">The most samples of a batch.</param>
/// <param name="device">Where they go.</param>
internal sealed class ValidPositions(CountedPositions counted, long batchSize, Device device) : IDisposable
{
    private readonly StagingTensor indices = new([batchSize * counted.Positions], int64, device);
    private int count;

    /// <summary>Finds those of a batch.</summary>
    /// <param name="rows">The rows of the set.</param>
    public void Fill(ReadOnlySpan<long> rows)
    {
        var values = MemoryMarshal.Cast<byte, long>(indices.Bytes);
        count = 0;
        for (var i = 0; i < rows.Length; i++)
        {
            for (var position = 0; position < counted.Positions; position++)
                if (counted.Counts(rows[i], position))
                    values[count++] = (long)i * counted.Positions + position;
        }
    }

    /// <summary>Their indices among all positions of the batch.</summary>
    public Tensor ToDevice() => indices.OnDevice(count);

    /// <inheritdoc/>
    public void Dispose() => indices.Dispose();
}
