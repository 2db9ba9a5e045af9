using System.Runtime.InteropServices;
using OnnxKd.Core.TransferSets;
using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Training;

/// <summary>Which positions of a batch count: the first ones of each sample, as many as its length covers.</summary>
/// <param name="counted">How many of each sample.</param>
/// <param name="batchSize">The most samples of a batch.</param>
internal sealed class ValidPositions(CountedPositions counted, long batchSize) : IDisposable
{
    private readonly Tensor indices = empty([batchSize * counted.Positions], int64, CPU).DetachFromDisposeScope();
    private int count;

    /// <summary>Finds those of a batch.</summary>
    /// <param name="rows">The rows of the set.</param>
    public void Fill(ReadOnlySpan<long> rows)
    {
        var values = MemoryMarshal.Cast<byte, long>(indices.bytes);
        count = 0;
        for (var i = 0; i < rows.Length; i++)
        {
            for (var position = 0; position < counted.Of(rows[i]); position++)
                values[count++] = (long)i * counted.Positions + position;
        }
    }

    /// <summary>Their indices among all positions of the batch.</summary>
    public Tensor ToDevice(Device device) => indices.narrow(0, 0, count).to(device);

    /// <inheritdoc/>
    public void Dispose() => indices.Dispose();
}
