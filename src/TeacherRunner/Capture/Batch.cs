using OnnxKd.Core.Preparation;

namespace OnnxKd.TeacherRunner.Capture;

/// <summary>The buffers of one batch on its way: which rows, the samples as each model sees them, the logits that each model gives.</summary>
/// <param name="capacity">Rows at most.</param>
/// <param name="sampleElements">Values per sample, one entry for each way of preprocessing.</param>
/// <param name="classes">Values per row of logits, one entry per model.</param>
internal sealed class Batch(int capacity, int[] sampleElements, int[] classes)
{
    private readonly long[] samples = new long[capacity];
    private readonly float[][] inputs = [.. sampleElements.Select(n => new float[checked(capacity * n)])];
    private readonly float[][] logits = [.. classes.Select(n => new float[checked(capacity * n)])];
    private long samplesInSet;

    /// <summary>The first row: view × samples of the set + sample.</summary>
    public long FirstRow { get; private set; }

    /// <summary>The number of rows.</summary>
    public int Count { get; private set; }

    /// <summary>Chooses the rows.</summary>
    public void Select(long firstRow, int count, long setCount)
    {
        (FirstRow, Count, samplesInSet) = (firstRow, count, setCount);
        for (var i = 0; i < count; i++)
            samples[i] = (firstRow + i) % setCount;
    }

    /// <summary>The sample of the set, and its view, that a row of this batch shows.</summary>
    public (long Sample, uint View) Source(int row) => (samples[row], (uint)((FirstRow + row) / samplesInSet));

    /// <summary>Reads the chosen rows; a batch may reach over the end of a view into the next.</summary>
    /// <param name="slot">Which way of preprocessing.</param>
    /// <param name="reader">The reader for it.</param>
    public void Read(int slot, SampleReader reader)
    {
        var elements = sampleElements[slot];
        for (int start = 0, length; start < Count; start += length)
        {
            var (sample, view) = Source(start);
            length = (int)Math.Min(Count - start, samplesInSet - sample);
            reader.Read(samples.AsSpan(start, length), view, inputs[slot].AsSpan(start * elements, length * elements));
        }
    }

    /// <summary>The samples as one way of preprocessing gives them.</summary>
    public ReadOnlySpan<float> Samples(int slot) => inputs[slot].AsSpan(0, Count * sampleElements[slot]);

    /// <summary>The logits of one model.</summary>
    public Memory<float> Logits(int model) => logits[model].AsMemory(0, Count * classes[model]);
}
