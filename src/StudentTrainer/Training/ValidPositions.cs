using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Training;

/// <summary>Which positions of a batch count: the first ones of each sample, as many as its length says.</summary>
/// <param name="lengths">One for each sample of the set, 1 to positions.</param>
/// <param name="positions">Positions of every sample.</param>
/// <param name="batchSize">The most samples of a batch.</param>
internal sealed class ValidPositions(IReadOnlyList<int> lengths, int positions, long batchSize) : IDisposable
{
    private readonly Tensor indices = empty([batchSize * positions], int64, CPU).DetachFromDisposeScope();
    private int count;

    /// <summary>Finds those of a batch.</summary>
    /// <param name="rows">The rows of the set.</param>
    public void Fill(ReadOnlySpan<long> rows)
    {
        var values = MemoryMarshal.Cast<byte, long>(indices.bytes);
        count = 0;
        for (var i = 0; i < rows.Length; i++)
        {
            for (var position = 0; position < lengths[(int)rows[i]]; position++)
                values[count++] = (long)i * positions + position;
        }
    }

    /// <summary>Their indices among all positions of the batch.</summary>
    public Tensor ToDevice(Device device) => indices.narrow(0, 0, count).to(device);

    /// <inheritdoc/>
    public void Dispose() => indices.Dispose();
}
