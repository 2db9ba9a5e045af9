using System.Diagnostics;
using Microsoft.ML.OnnxRuntime;
using OnnxKd.Core.Preparation;
using OnnxKd.Core.TransferSets;

namespace OnnxKd.Benchmarks.Capture;

/// <summary>The fastest loop there is: a warm session on the file as it is, over batches that lie in memory ready to be fed, keeping nothing.</summary>
internal sealed class BareLoop : IDisposable
{
    private readonly float[] samples;
    private readonly int elements;
    private readonly int batchSize;
    private readonly InferenceSession session;
    private readonly RunOptions run = new();

    /// <summary>Opens the session, and reads and scales every sample.</summary>
    public BareLoop(string model, TransferSet set, int batchSize)
    {
        this.batchSize = batchSize;
        elements = set.SampleElements;
        samples = new float[set.Count * elements];
        var rows = Enumerable.Range(0, (int)set.Count).Select(i => (long)i).ToArray();
        new SampleReader(set, new() { Scale = 1 / 255.0 }, Augmentation.None, 0).Read(rows, 0, samples);

        using var options = new SessionOptions { IntraOpNumThreads = Environment.ProcessorCount, InterOpNumThreads = 1 };
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
            var memory = samples.AsMemory(row * elements, rows * elements);
            using var input = OrtValue.CreateTensorValueFromMemory(OrtMemoryInfo.DefaultInstance, memory, [rows, .. Sample]);
            using var results = session.Run(run, inputs, [input], outputs);
        }

        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        run.Dispose();
        session.Dispose();
    }
}
