using OnnxKd.Core.LogitCaches;
using OnnxKd.Core.Preparation;

namespace OnnxKd.TeacherRunner.Capture;

/// <summary>One batch on its way: which rows, the samples as each model sees them, the tensors that the models give, the bytes to store.</summary>
/// <param name="capacity">Rows at most.</param>
/// <param name="sampleElements">Values per sample, one entry for each way of preprocessing.</param>
/// <param name="allocate">Makes a buffer for samples.</param>
/// <param name="pool">Lends buffers for what models give.</param>
internal sealed class Batch(int capacity, int[] sampleElements, Func<int, Memory<float>> allocate, ResultPool pool)
{
    private readonly long[] samples = new long[capacity];
    private readonly uint[] views = new uint[capacity];
    private readonly Memory<float>[] inputs = [.. sampleElements.Select(n => allocate(checked(capacity * n)))];
    private Memory<float>[]? results;
    private byte[] stored = [];

    /// <summary>The first row: view × samples of the set + sample.</summary>
    public long FirstRow { get; private set; }

    /// <summary>The number of rows.</summary>
    public int Count { get; private set; }

    /// <summary>Chooses consecutive rows.</summary>
    public void Select(long firstRow, int count, long setCount)
    {
        (FirstRow, Count) = (firstRow, count);
        for (var i = 0; i < count; i++)
            Place(i, firstRow + i, setCount);
    }

    /// <summary>Chooses any rows.</summary>
    public void Select(ReadOnlySpan<long> rows, long setCount)
    {
        (FirstRow, Count) = (rows[0], rows.Length);
        for (var i = 0; i < rows.Length; i++)
            Place(i, rows[i], setCount);
    }

    /// <summary>The sample of the set, and its view, that a row of this batch shows.</summary>
    public (long Sample, uint View) Source(int row) => (samples[row], views[row]);

    /// <summary>Reads the chosen rows, those of one view at a time.</summary>
    /// <param name="slot">Which way of preprocessing.</param>
    /// <param name="reader">The reader for it.</param>
    public void Read(int slot, SampleReader reader)
    {
        var elements = sampleElements[slot];
        for (int start = 0, length; start < Count; start += length)
        {
            length = views.AsSpan(start, Count - start).IndexOfAnyExcept(views[start]) is var next and > 0 ? next : Count - start;
            reader.Read(samples.AsSpan(start, length), views[start], inputs[slot].Span.Slice(start * elements, length * elements));
        }
    }

    /// <summary>The samples as one way of preprocessing gives them.</summary>
    public ReadOnlyMemory<float> Samples(int slot) => inputs[slot][..(Count * sampleElements[slot])];

    /// <summary>One tensor of the rows.</summary>
    /// <param name="index">Which one.</param>
    /// <param name="elements">Its values per row.</param>
    public Memory<float> Result(int index, int elements) => (results ??= pool.Rent())[index][..(Count * elements)];

    /// <summary>Makes the bytes of the rows; what the models gave is not needed any more.</summary>
    public void Encode(RowEncoder encoder, ReadOnlyMemory<float>[] streams, int threads)
    {
        if (stored.Length == 0)
            stored = new byte[checked(capacity * encoder.RowBytes)];
        StoredBytes = Count * encoder.RowBytes;
        encoder.Encode(new(FirstRow, Count), streams, stored.AsMemory(0, StoredBytes), threads);
        pool.Return(results!);
        results = null;
    }

    /// <summary>The bytes of the rows.</summary>
    public ReadOnlySpan<byte> Stored => stored.AsSpan(0, StoredBytes);

    private int StoredBytes { get; set; }

    private void Place(int at, long row, long setCount) => (samples[at], views[at]) = (row % setCount, (uint)(row / setCount));
}
