using OnnxKd.Core.Errors;
using OnnxKd.Core.Threading;

namespace OnnxKd.Core.LogitCaches;

/// <summary>Turns what teachers give into the bytes of a cache's rows. Thread-safe.</summary>
public sealed class RowEncoder
{
    private readonly CacheIdentity identity;
    private readonly RowFormat format;

    internal RowEncoder(CacheIdentity identity, RowFormat format) => (this.identity, this.format) = (identity, format);

    /// <summary>Bytes of a row.</summary>
    public int RowBytes => format.RowBytes;

    /// <summary>Encodes rows.</summary>
    /// <param name="rows">Which rows of the cache.</param>
    /// <param name="streams">
    /// For each stream of the identity, in order: rows × values; of a <see cref="TopK"/> stream also rows × positions ×
    /// <see cref="TopK.PickedValues"/>, where those are fewer.
    /// </param>
    /// <param name="stored">rows × <see cref="RowBytes"/>.</param>
    /// <param name="threads">Threads at most; the bytes do not depend on it.</param>
    /// <exception cref="ArgumentException">Another number of streams, values or bytes.</exception>
    /// <exception cref="CheckFailedException">
    /// A value is NaN, infinite, or too large for its storage; the message names the sample of the first such row.
    /// </exception>
    public void Encode(RowRange rows, ReadOnlyMemory<float>[] streams, Memory<byte> stored, int threads)
    {
        var count = checked((int)rows.Count);
        Check(streams, count, stored.Length);
        threads = Parts.Threads(streams.Sum(values => (long)values.Length), threads);
        Parts.Run(count, threads, i => EncodeRow(rows.First, i, count, streams, stored));
    }

    private void Check(ReadOnlyMemory<float>[] streams, int rows, int bytes)
    {
        if (streams.Length != format.Streams.Count || bytes != rows * RowBytes)
            throw new ArgumentException($"{streams.Length} streams and {bytes} bytes are not those of {rows} rows.", nameof(streams));
        for (var i = 0; i < streams.Length; i++)
        {
            var (stream, values) = (format.Streams[i].Stream, streams[i].Length);
            if (values % rows != 0 || !stream.Storage.Takes(stream, values / rows))
                throw new ArgumentException($"{values} values are not {rows} rows of {stream.Values} of stream '{stream.Name}'.", nameof(streams));
        }
    }

    private void EncodeRow(long first, int index, int rows, ReadOnlyMemory<float>[] streams, Memory<byte> stored)
    {
        var row = identity.RowKey(first + index);
        var bytes = stored.Span.Slice(index * RowBytes, RowBytes);
        for (var i = 0; i < streams.Length; i++)
        {
            var (target, perRow) = (format.Streams[i], streams[i].Length / rows);
            var values = streams[i].Span.Slice(index * perRow, perRow);
            var bad = target.Stream.Storage.Encode(target.Stream, row, values, bytes.Slice(target.Offset, target.Bytes));
            if (bad >= 0)
                throw Unstorable(target.Stream, row, values, bad);
        }
    }

    private static CheckFailedException Unstorable(CacheStream stream, RowKey row, ReadOnlySpan<float> values, int index)
    {
        var value = values[index];
        var place = $"sample {row.Id}, view {row.View}, stream '{stream.Name}', {stream.Describe(values, index)}";
        return float.IsFinite(value)
            ? new(
                "A teacher's output does not fit the storage of its stream.",
                where: place,
                found: $"{value}",
                expected: $"a value within the range of {stream.Storage.Name}",
                remedy: "store this stream as float32 or bfloat16, in another folder")
            : new(
                "A teacher's output is not a finite number.",
                where: place,
                found: $"{value}",
                expected: "finite values",
                remedy: "look at this sample and at its preprocessing, or use another teacher; rows captured so far are kept");
    }
}
