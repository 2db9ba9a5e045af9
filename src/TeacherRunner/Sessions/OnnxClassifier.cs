using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using Onnx;
using OnnxKd.Core.Errors;
using OnnxKd.Core.LogitCaches;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Preparation;
using OnnxKd.TeacherRunner.Capture;
using OnnxKd.TeacherRunner.Logits;

namespace OnnxKd.TeacherRunner.Sessions;

/// <summary>
/// An ONNX classifier in an ONNX Runtime session, giving logits (or log-probabilities) for batches of samples. One thread at a time.
/// </summary>
public sealed class OnnxClassifier : IDisposable
{
    private readonly ModelProto proto;
    private readonly ExecutionDevice device;
    private readonly ModelInput input;
    private readonly string model;
    private readonly string[] fed;
    private readonly string[] read;
    private readonly InferenceSession session;
    private readonly RunOptions runOptions = new();
    private readonly LogitHead head;
    private readonly long[] rowDims;

    private OnnxClassifier(OnnxModel source, IReadOnlyList<int> sampleShape, string? output, string device, int? threads)
    {
        model = source.Path is null ? "the model in memory" : Path.GetFileName(source.Path);
        this.device = ExecutionDevice.Resolve(device);

        // The tensors' bytes are shared with the source, not copied.
        proto = source.Proto.Clone();
        var graph = proto.Graph;
        input = ModelInput.Find(graph, sampleShape, model);
        var trace = LogitTrace.Find(graph, output, model);
        fed = [GraphEdits.FeedAsFloat(graph, graph.Input.First(i => i.Name == input.Name))];
        var names = GraphEdits.ReadOnly(graph, trace.Logits, trace.Output);
        session = SessionFactory.Open(proto, this.device, threads ?? Environment.ProcessorCount, model);
        read = names[..1];
        try
        {
            (head, rowDims) = HeadProbe.Establish(session, fed, names, input, trace, model);
        }
        catch
        {
            Dispose();
            throw;
        }

        Classes = head.Transform == LogitTransform.TwoClasses ? 2 : (int)rowDims.Aggregate(1L, (product, d) => product * d);
    }

    /// <summary>Opens a model for samples of a given shape, and tries it on made-up samples.</summary>
    /// <param name="model">The loaded model.</param>
    /// <param name="sampleShape">The shape of one sample, without the batch axis. It must be the model's apart from axes of length 1, or flattened.</param>
    /// <param name="output">
    /// The tensor that holds the class scores; <c>null</c>: the only float output. From an output, the logits before a final Softmax,
    /// LogSoftmax or Sigmoid are found by tracing; a tensor inside the graph is taken as it is.
    /// </param>
    /// <param name="device"><c>auto</c> (CUDA, else the CPU), <c>cpu</c>, <c>cuda</c> or <c>cuda:N</c>.</param>
    /// <param name="threads">Threads of ONNX Runtime; <c>null</c>: the processors.</param>
    /// <exception cref="InputException">
    /// The model is invalid, its input does not fit the samples, its output is not clear, or CUDA was asked for and is not to be had.
    /// </exception>
    /// <exception cref="UnsupportedModelException">ONNX Runtime cannot run the model, or it gives no class scores per sample.</exception>
    public static OnnxClassifier Open(
        OnnxModel model, IReadOnlyList<int> sampleShape, string? output = null, string device = "auto", int? threads = null) =>
        new(model, sampleShape, output, device, threads);

    /// <summary>The input that is fed.</summary>
    public string Input => input.Name;

    /// <summary>The tensor that is read.</summary>
    public string Output => head.Tensor;

    /// <summary>What a row of logits holds.</summary>
    public StreamKind Kind => head.Kind;

    /// <summary>Values per sample. A model of one sigmoid column has two: the logits [0, z].</summary>
    public int Classes { get; }

    /// <summary>The only batch size the model takes; <c>null</c>: any.</summary>
    public int? FixedBatch => input.FixedBatch;

    /// <summary>Where it runs: <c>cpu</c> or <c>cuda</c>.</summary>
    public string Provider => device.Provider;

    /// <summary>Why the device <c>auto</c> did not choose CUDA; <c>null</c> when it did, or when a device was named.</summary>
    public string? ProviderNote => device.Note;

    /// <summary>Runs any number of samples (padded to the model's batch where that is fixed).</summary>
    /// <param name="samples">count × sample elements, preprocessed.</param>
    /// <param name="count">Samples.</param>
    /// <param name="logits">At least count × classes.</param>
    /// <exception cref="InputException">The model takes bytes and a value is not a whole number in 0…255, or the model fails on this batch.</exception>
    public void Run(ReadOnlySpan<float> samples, int count, Span<float> logits)
    {
        var (inRow, outRow) = (input.SampleElements, Classes);
        ArgumentOutOfRangeException.ThrowIfNotEqual(samples.Length, count * inRow, nameof(samples));
        RequireBytes(samples);
        if (input.FixedBatch is not { } batch)
        {
            RunOnce(samples, count, logits[..(count * outRow)]);
            return;
        }

        var start = 0;
        for (; start + batch <= count; start += batch)
            RunOnce(samples.Slice(start * inRow, batch * inRow), batch, logits.Slice(start * outRow, batch * outRow));
        if (start == count)
            return;

        var padded = new float[batch * inRow];
        var result = new float[batch * outRow];
        samples[(start * inRow)..].CopyTo(padded);
        RunOnce(padded, batch, result);
        result.AsSpan(0, (count - start) * outRow).CopyTo(logits[(start * outRow)..]);
    }

    /// <summary>Runs a whole transfer set (no augmentation) and hands out each batch of logits: first row, then rows × classes values.</summary>
    /// <param name="reader">Reads and preprocesses the samples.</param>
    /// <param name="batchSize">Samples per batch.</param>
    /// <param name="onBatch">Called in order of the rows, one batch at a time; the memory is reused afterwards.</param>
    /// <param name="token">Stops between batches.</param>
    public void RunAll(SampleReader reader, int batchSize, Action<long, ReadOnlyMemory<float>> onBatch, CancellationToken token)
    {
        var (rows, elements) = (reader.Set.Count, reader.Set.SampleElements);
        var next = 0L;
        Overlap.Run(
            () => new Batch(batchSize, [elements], [Classes]),
            batch =>
            {
                batch.Select(next, (int)Math.Min(batchSize, rows - next), rows);
                batch.Read(0, reader);
                next += batch.Count;
                return batch.Count > 0;
            },
            batch => Run(batch.Samples(0), batch.Count, batch.Logits(0).Span),
            batch => onBatch(batch.FirstRow, batch.Logits(0)),
            token);
    }

    /// <summary>
    /// The latency of one run at batch 1 (the model's batch, where that is fixed): a session of its own with one thread on the same
    /// device, a tenth of the runs to warm up, then the median of the runs.
    /// </summary>
    /// <param name="sample">One preprocessed sample.</param>
    /// <param name="runs">Timed runs; default 200.</param>
    /// <returns>Milliseconds.</returns>
    public double MeasureLatency(ReadOnlySpan<float> sample, int runs = 200)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(runs, 1);
        var rows = input.FixedBatch ?? 1;
        var samples = new float[rows * sample.Length];
        for (var row = 0; row < rows; row++)
            sample.CopyTo(samples.AsSpan(row * sample.Length));
        using var single = SessionFactory.Open(proto, device, threads: 1, model);
        using var tensor = OrtValue.CreateTensorValueFromMemory(samples, input.ShapeOf(rows));

        var times = new double[runs];
        for (var run = -runs / 10 - 1; run < runs; run++)
        {
            var start = System.Diagnostics.Stopwatch.GetTimestamp();
            single.Run(runOptions, fed, [tensor], read).Dispose();
            if (run >= 0)
                times[run] = System.Diagnostics.Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        }

        Array.Sort(times);
        return (times[(runs - 1) / 2] + times[runs / 2]) / 2;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        session.Dispose();
        runOptions.Dispose();
    }

    // ONNX Runtime reads from, and writes to, the caller's memory: nothing is copied.
    private unsafe void RunOnce(ReadOnlySpan<float> samples, int rows, Span<float> logits)
    {
        fixed (float* from = samples, to = logits)
        {
            var written = head.Transform == LogitTransform.TwoClasses ? rows : logits.Length;
            using var source = Wrap(from, samples.Length, input.ShapeOf(rows));
            using var destination = Wrap(to, written, [rows, .. rowDims]);
            try
            {
                session.Run(runOptions, fed, [source], read, [destination]);
            }
            catch (OnnxRuntimeException e)
            {
                throw HeadProbe.RunFailed(e, model, rows);
            }
        }

        head.Apply(logits, rows);
    }

    private static unsafe OrtValue Wrap(float* data, int length, long[] shape) => OrtValue.CreateTensorValueWithData(
        OrtMemoryInfo.DefaultInstance, TensorElementType.Float, shape, (nint)data, (long)length * sizeof(float));

    // The Cast in front of a uint8 input would cut fractions off in silence: pixels scaled to [0, 1] would all become 0.
    private void RequireBytes(ReadOnlySpan<float> samples)
    {
        if (input.Type != TensorProto.Types.DataType.Uint8)
            return;
        foreach (var value in samples)
            if (value != (byte)value)
                throw new InputException(
                    "The model takes bytes, but the preprocessed samples are not whole numbers in 0...255.",
                    $"input '{Input}' of {model}", $"{value}", "0, 1, ..., 255", "leave out scale, mean and std for this model");
    }
}
