using OnnxKd.Core.LogitCaches;
using OnnxKd.Core.Randomness;
using OnnxKd.Core.TransferSets;
using OnnxKd.StudentTrainer.Signals;
using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Batches;

/// <summary>
/// Rows of a stream that are drawn anew for each batch, with replacement. The batch's first row and the view decide which, so that a resumed
/// training draws the same.
/// </summary>
/// <param name="set">The samples that the cache is about.</param>
/// <param name="cache">The cache.</param>
/// <param name="form">The stream.</param>
/// <param name="count">How many.</param>
/// <param name="seed">Decides which, with the batch.</param>
/// <param name="device">Where they go.</param>
internal sealed class DrawnRows(TransferSet set, LogitCache cache, StreamForm form, int count, ulong seed, Device device) : IDisposable
{
    private readonly TargetBuffers buffers = new(cache, form, count, device);
    private readonly long[] rows = new long[count];

    /// <summary>What is drawn.</summary>
    public Draw Draw => new(form.Stream.Name, count);

    /// <summary>Draws and reads rows.</summary>
    /// <param name="first">The first row of the batch.</param>
    /// <param name="view">Its view.</param>
    public void Fill(long first, uint view)
    {
        var random = new CounterRandom(seed, RandomPurpose.Queue, (ulong)first, view);
        for (var i = 0; i < rows.Length; i++)
            rows[i] = (long)(random.NextUInt64() % (ulong)cache.Identity.Samples);
        buffers.Fill(rows, (int)view);
    }

    /// <summary>Makes a signal of what was read last.</summary>
    public DrawnSignal ToDevice()
    {
        var counted = set.LengthsDigest is null ? null : new CountedRows(set, rows, device);
        return new(buffers.ToDevice(count, counted), counted);
    }

    /// <inheritdoc/>
    public void Dispose() => buffers.Dispose();
}
