using OnnxKd.Core.LogitCaches;
using OnnxKd.Core.Preparation;

namespace OnnxKd.TeacherRunner.Sessions;

/// <summary>What the rows of one run pass through: which rows, the samples as each model sees them, the tensors that the models give.</summary>
/// <param name="capacity">Rows at most.</param>
/// <param name="sampleElements">Values per sample, one entry for each way of preprocessing.</param>
/// <param name="resultElements">Values per row, one entry for each tensor that a model gives.</param>
/// <param name="allocate">Makes a buffer.</param>
internal sealed class RunBuffers(int capacity, int[] sampleElements, int[] resultElements, Func<int, Memory<float>> allocate)
{
    private readonly long[] samples = new long[capacity];
    private readonly uint[] views = new uint[capacity];
    private readonly Memory<float>[] inputs = [.. sampleElements.Select(n => allocate(checked(capacity * n)))];
    private readonly Memory<float>[] results = [.. resultElements.Select(n => allocate(checked(capacity * n)))];

    /// <summary>The number of rows.</summary>
    public int Count { get; private set; }

    /// <summary>Chooses consecutive rows, no more than the capacity. A row is view × samples of the set + sample.</summary>
    public void Select(RowRange rows, long setCount)
    {
        Count = (int)rows.Count;
        for (var i = 0; i < Count; i++)
            Place(i, rows.First + i, setCount);
    }

    /// <summary>Chooses any rows.</summary>
    public void Select(ReadOnlySpan<long> rows, long setCount)
    {
        Count = rows.Length;
        for (var i = 0; i < rows.Length; i++)
            Place(i, rows[i], setCount);
    }

    /// <summary>The sample of the set, and its view, that a row of this run shows.</summary>
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
    public Memory<float> Result(int index) => results[index][..(Count * resultElements[index])];

    private void Place(int at, long row, long setCount) => (samples[at], views[at]) = (row % setCount, (uint)(row / setCount));
}
