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
    private readonly int batchSize;
    private readonly InferenceSession session;
    private readonly RunOptions run = new();

    /// <summary>Opens the session, and reads and scales every sample unless that is left for later.</summary>
    public BareLoop(string model, TransferSet set, int batchSize, string device, bool inMemory = true)
    {
        (this.batchSize, this.inMemory) = (batchSize, inMemory);
        elements = set.SampleElements;
        reader = new(set, new() { Scale = 1 / 255.0 }, Augmentation.None, 0);
        samples = new float[(inMemory ? set.Count : batchSize) * elements];
        if (inMemory)
            Read(0, (int)set.Count);

        using var options = ExecutionDevice.Resolve(device).CreateSessionOptions(Environment.ProcessorCount);
        session = new(model, options);
        var declared = session.InputMetadata[session.InputNames[0]].Dimensions.Skip(1).Select(d => (long)d).ToArray();
        Sample = declared.All(d => d > 0) ? declared : [.. set.SampleShape.Select(d => (long)d)];
    }

    /// <summary>The shape of one sample, as the model takes it.</summary>
    public long[] Sample { get; }

    /// <summary>Runs the model over rows.</summary>
    /// <returns>The seconds it took.</returns>
    public double Run(int first, int count)
    {
        string[] inputs = [.. session.InputNames], outputs = [.. session.OutputNames];
        var start = Stopwatch.GetTimestamp();
        for (var row = first; row < first + count; row += batchSize)
        {
            var rows = Math.Min(batchSize, first + count - row);
            if (!inMemory)
                Read(row, rows);
            var memory = samples.AsMemory(inMemory ? row * elements : 0, rows * elements);
            using var input = OrtValue.CreateTensorValueFromMemory(OrtMemoryInfo.DefaultInstance, memory, [rows, .. Sample]);
            using var results = session.Run(run, inputs, [input], outputs);
        }

        return Stopwatch.GetElapsedTime(start).TotalSeconds;
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
