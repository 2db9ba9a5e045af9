using System.Diagnostics;
using Microsoft.ML.OnnxRuntime;
using OnnxKd.Core.Preparation;
using OnnxKd.Core.TransferSets;
using OnnxKd.TeacherRunner.Sessions;

namespace OnnxKd.Benchmarks.Capture;

/// <summary>
/// The fastest loop there is: a warm session on the file as it is, over batches that lie in memory ready to be fed, keeping nothing. Where
/// memory is what counts, each batch is read and scaled when its turn comes.
/// </summary>
internal sealed class BareLoop : IDisposable
{
    private readonly SampleReader reader;
    private readonly bool inMemory;
    private readonly float[] samples;
    private readonly int elements;
    private readonly InferenceSession session;
    private readonly RunOptions run = new();
    private readonly string[] inputs;
    private readonly string[] outputs;

    /// <summary>Opens the session, and reads and scales every sample unless that is left for later.</summary>
    public BareLoop(string model, TransferSet set, int batchSize, string device, bool inMemory = true, int? threads = null)
    {
        (BatchSize, this.inMemory) = (batchSize, inMemory);
        elements = set.SampleElements;
        reader = new(set, new() { Scale = 1 / 255.0 }, Augmentation.None, 0);
        samples = new float[(inMemory ? set.Count : batchSize) * elements];
        if (inMemory)
            Read(0, (int)set.Count);

        using var options = ExecutionDevice.Resolve(device).CreateSessionOptions(threads ?? Environment.ProcessorCount);
        session = new(model, options);
        (inputs, outputs) = ([.. session.InputNames], [.. session.OutputNames]);
        var declared = session.InputMetadata[session.InputNames[0]].Dimensions.Skip(1).Select(d => (long)d).ToArray();
        Sample = declared.All(d => d > 0) ? declared : [.. set.SampleShape.Select(d => (long)d)];
    }

    /// <summary>Samples per run.</summary>
    public int BatchSize { get; private set; }

    /// <summary>The shape of one sample, as the model takes it.</summary>
    public long[] Sample { get; }

    /// <summary>Runs the model over rows.</summary>
    /// <returns>The seconds it took.</returns>
    public double Run(int first, int count)
    {
        var start = Stopwatch.GetTimestamp();
        for (var row = first; row < first + count; row += BatchSize)
            RunBatch(row, Math.Min(BatchSize, first + count - row)).Dispose();
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    /// <summary>Tries smaller batches as well, and keeps the size that is fastest.</summary>
    public void ChooseBatchSize(int rows)
    {
        int[] sizes = [.. new[] { BatchSize, BatchSize / 2, BatchSize / 4, BatchSize / 8 }.Where(size => size > 0)];
        BatchSize = sizes.MinBy(size =>
        {
            BatchSize = size;
            Run(0, Math.Min(rows, 2 * sizes[0])); // warms up
            return Enumerable.Range(0, 3).Min(_ => Run(0, Math.Min(rows, 8 * sizes[0])));
        });
    }

    /// <summary>What the model gives for rows, no more than a batch.</summary>
    public float[] Logits(int first, int count)
    {
        using var results = RunBatch(first, count);
        return results[0].GetTensorDataAsSpan<float>().ToArray();
    }

    private IDisposableReadOnlyCollection<OrtValue> RunBatch(int first, int count)
    {
        if (!inMemory)
            Read(first, count);
        var memory = samples.AsMemory(inMemory ? first * elements : 0, count * elements);
        using var input = OrtValue.CreateTensorValueFromMemory(OrtMemoryInfo.DefaultInstance, memory, [count, .. Sample]);
        return session.Run(run, inputs, [input], outputs);
    }

    private void Read(int first, int count) =>
        reader.Read(Enumerable.Range(first, count).Select(row => (long)row).ToArray(), 0, samples.AsSpan(0, count * elements));

    /// <inheritdoc/>
    public void Dispose()
    {
        run.Dispose();
        session.Dispose();
    }
}
