using System.Runtime.InteropServices;
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
/// An ONNX classifier in an ONNX Runtime session, giving logits (or log-probabilities), and other tensors, for batches of samples. One
/// thread at a time.
/// </summary>
public sealed class OnnxClassifier : IDisposable
{
    private readonly ModelProto proto;
    private readonly ExecutionDevice device;
    private readonly ModelInput input;
    private readonly string model;
    private readonly string fed;
    private readonly OutputPlan[] plans;
    private readonly string[] read;
    private readonly InferenceSession session;
    private readonly OrtIoBinding binding;
    private readonly HostMemory memory;
    private readonly RunOptions runOptions = new();

    private OnnxClassifier(OnnxModel source, IReadOnlyList<int> sampleShape, IReadOnlyList<ModelReading> readings, SessionSettings settings)
    {
        model = source.Path is null ? "the model in memory" : Path.GetFileName(source.Path);
        device = ExecutionDevice.Resolve(settings.Device);
        var threads = settings.Threads ?? Environment.ProcessorCount;

        // The tensors' bytes are shared with the source, not copied.
        proto = source.Proto.Clone();
        var graph = proto.Graph;
        input = ModelInput.Find(graph, sampleShape, model);
        if (settings.Precision == Precision.Fp16)
            HalfPrecision.Apply(proto, model);
        var picks = settings.PicksInSession ?? device.IsCuda;
        var wanted = readings.Select(reading => (picks ? reading : reading with { Picks = null }, Trace(graph, reading))).ToArray();
        fed = GraphEdits.FeedAsFloat(graph, graph.Input.First(i => i.Name == input.Name));
        plans = new HeadProbe(fed, input, OpsetOf(proto), model)
            .Establish(proto.Clone(), wanted, probed => SessionFactory.Open(probed, device, threads, model, brief: true));

        // Without the outputs that nobody reads, ONNX Runtime leaves out what only they need, such as the softmax.
        graph.Output.Clear();
        read = [.. plans.Select(plan => plan.AddTo(graph))];
        Outputs = [.. plans.Select(plan => plan.Output)];
        session = SessionFactory.Open(proto, device, threads, model);
        binding = session.CreateIoBinding();
        memory = new(session, device);
    }

    /// <summary>Opens a classifier for samples of a given shape, and tries it on made-up samples.</summary>
    /// <param name="model">The loaded model.</param>
    /// <param name="sampleShape">The shape of one sample, without the batch axis. It must be the model's apart from axes of length 1, or flattened.</param>
    /// <param name="output">The tensor that holds the class scores, as <see cref="ModelReading.Tensor"/>.</param>
    /// <param name="device"><c>auto</c> (CUDA, else the CPU), <c>cpu</c>, <c>cuda</c> or <c>cuda:N</c>.</param>
    /// <param name="threads">Threads of ONNX Runtime; <c>null</c>: the processors.</param>
    /// <exception cref="InputException">
    /// The model is invalid, its input does not fit the samples, its output is not clear, or CUDA was asked for and is not to be had.
    /// </exception>
    /// <exception cref="UnsupportedModelException">ONNX Runtime cannot run the model, or it gives no class scores per sample.</exception>
    public static OnnxClassifier Open(
        OnnxModel model, IReadOnlyList<int> sampleShape, string? output = null, string device = "auto", int? threads = null) =>
        new(model, sampleShape, [new() { Tensor = output }], new() { Device = device, Threads = threads });

    /// <inheritdoc cref="Open(OnnxModel, IReadOnlyList{int}, string?, string, int?)"/>
    /// <param name="model">The loaded model.</param>
    /// <param name="sampleShape">The shape of one sample, without the batch axis.</param>
    /// <param name="readings">The tensors to read; the first is the one that the model is measured by.</param>
    /// <param name="settings">Where and how it runs.</param>
    public static OnnxClassifier Open(
        OnnxModel model, IReadOnlyList<int> sampleShape, IReadOnlyList<ModelReading> readings, SessionSettings settings) =>
        new(model, sampleShape, readings, settings);

    /// <summary>The input that is fed.</summary>
    public string Input => input.Name;

    /// <summary>What it gives for every sample, in the order of the readings.</summary>
    public IReadOnlyList<ModelOutput> Outputs { get; }

    /// <summary>The first of the outputs.</summary>
    public ModelOutput Output => Outputs[0];

    /// <summary>The classes of the first output.</summary>
    public int Classes => Output.Classes;

    /// <summary>The only batch size the model takes; <c>null</c>: any.</summary>
    public int? FixedBatch => input.FixedBatch;

    /// <summary>Where it runs: <c>cpu</c> or <c>cuda</c>.</summary>
    public string Provider => device.Provider;

    /// <summary>Whether it runs on the processors that everything else runs on.</summary>
    internal bool RunsOnHost => !device.IsCuda;

    /// <summary>Why the device <c>auto</c> did not choose CUDA; <c>null</c> when it did, or when a device was named.</summary>
    public string? ProviderNote => device.Note;

    /// <summary>Host memory for batches that its device copies from and to fastest. It lives as long as the session.</summary>
    /// <param name="elements">Its length.</param>
    public Memory<float> AllocateHost(int elements) => memory.Allocate(elements);

    /// <summary>Runs any number of samples (padded to the model's batch where that is fixed).</summary>
    /// <param name="samples">count × sample elements, preprocessed.</param>
    /// <param name="count">Samples.</param>
    /// <param name="results">For each output at least count × the values that a run gives.</param>
    /// <exception cref="InputException">The model takes integers and a value is none (or, for bytes, not in 0…255), or the model fails on this batch.</exception>
    public void Run(ReadOnlyMemory<float> samples, int count, params ReadOnlySpan<Memory<float>> results)
    {
        var inRow = input.SampleElements;
        ArgumentOutOfRangeException.ThrowIfNotEqual(samples.Length, count * inRow, nameof(samples));
        ArgumentOutOfRangeException.ThrowIfNotEqual(results.Length, plans.Length, nameof(results));
        RequireWholeNumbers(samples.Span);
        if (input.FixedBatch is not { } batch)
        {
            RunOnce(samples, count, results);
            return;
        }

        var start = 0;
        var slices = new Memory<float>[results.Length];
        for (; start + batch <= count; start += batch)
        {
            for (var i = 0; i < slices.Length; i++)
                slices[i] = results[i][(start * Outputs[i].ValuesPerRun)..];
            RunOnce(samples.Slice(start * inRow, batch * inRow), batch, slices);
        }

        if (start == count)
            return;
        var padded = new float[batch * inRow];
        samples[(start * inRow)..].CopyTo(padded);
        for (var i = 0; i < slices.Length; i++)
            slices[i] = new float[batch * Outputs[i].ValuesPerRun];
        RunOnce(padded, batch, slices);
        for (var i = 0; i < slices.Length; i++)
            slices[i][..((count - start) * Outputs[i].ValuesPerRun)].CopyTo(results[i][(start * Outputs[i].ValuesPerRun)..]);
    }

    /// <summary>Runs a whole transfer set (no augmentation) and hands out each batch of the first output: first row, then rows × elements values.</summary>
    /// <param name="reader">Reads and preprocesses the samples.</param>
    /// <param name="batchSize">Samples per batch.</param>
    /// <param name="onBatch">Called in order of the rows, one batch at a time; the memory is reused afterwards.</param>
    /// <param name="token">Stops between batches.</param>
    public void RunAll(SampleReader reader, int batchSize, Action<long, ReadOnlyMemory<float>> onBatch, CancellationToken token)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(Outputs.Count, 1);
        var (rows, elements) = (reader.Set.Count, reader.Set.SampleElements);
        var next = 0L;
        Overlap.Run(
            () => new Batch(batchSize, [elements], AllocateHost, new(batchSize, [Output.Elements], AllocateHost)),
            batch =>
            {
                batch.Select(next, (int)Math.Min(batchSize, rows - next), rows);
                batch.Read(0, reader);
                next += batch.Count;
                return batch.Count > 0;
            },
            batch => Run(batch.Samples(0), batch.Count, batch.Result(0, Output.Elements)),
            batch => onBatch(batch.FirstRow, batch.Result(0, Output.Elements)),
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
            single.Run(runOptions, [fed], [tensor], read).Dispose();
            if (run >= 0)
                times[run] = System.Diagnostics.Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        }

        Array.Sort(times);
        return (times[(runs - 1) / 2] + times[runs / 2]) / 2;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        binding.Dispose();
        memory.Dispose();
        session.Dispose();
        runOptions.Dispose();
    }

    // On the CPU, ONNX Runtime reads from, and writes to, the caller's memory: nothing is copied. A device copies when an input is bound,
    // into a buffer that its arena hands out again for every batch, and out of it when the run is done.
    private void RunOnce(ReadOnlyMemory<float> samples, int rows, ReadOnlySpan<Memory<float>> results)
    {
        var bound = new List<OrtValue>(1 + plans.Length);
        try
        {
            bound.Add(Wrap(MemoryMarshal.AsMemory(samples), input.ShapeOf(rows)));
            binding.BindInput(fed, bound[0]);
            for (var i = 0; i < plans.Length; i++)
            {
                bound.Add(Wrap(results[i][..plans[i].Written(rows)], plans[i].ShapeOf(rows)));
                binding.BindOutput(read[i], bound[^1]);
            }

            binding.SynchronizeBoundInputs();
            session.RunWithBinding(runOptions, binding);
            binding.SynchronizeBoundOutputs();
        }
        catch (OnnxRuntimeException e)
        {
            throw HeadProbe.RunFailed(e, model, rows);
        }
        finally
        {
            bound.ForEach(value => value.Dispose());
        }

        for (var i = 0; i < plans.Length; i++)
            plans[i].Finish(results[i].Span[..(rows * Outputs[i].ValuesPerRun)], rows);
    }

    private static OrtValue Wrap(Memory<float> memory, long[] shape) =>
        OrtValue.CreateTensorValueFromMemory(OrtMemoryInfo.DefaultInstance, memory, shape);

    private LogitTrace Trace(GraphProto graph, ModelReading reading)
    {
        var trace = LogitTrace.Find(graph, reading.Tensor, model);
        return reading.IsFeature ? trace with { Logits = trace.Output, Activation = HeadActivation.None } : trace;
    }

    private static long OpsetOf(ModelProto proto) => proto.OpsetImport.FirstOrDefault(o => o.Domain is "" or "ai.onnx")?.Version ?? 1;

    // The Cast in front of an integer input would cut fractions off in silence: pixels scaled to [0, 1] would all become 0.
    private void RequireWholeNumbers(ReadOnlySpan<float> samples)
    {
        if (input.Type is TensorProto.Types.DataType.Float or TensorProto.Types.DataType.Float16 or TensorProto.Types.DataType.Double)
            return;
        var bytes = input.Type == TensorProto.Types.DataType.Uint8;
        foreach (var value in samples)
            if (bytes ? value != (byte)value : value != MathF.Truncate(value))
                throw new InputException(
                    $"The model takes {(bytes ? "bytes" : "integers")}, but the preprocessed samples are something else.",
                    $"input '{Input}' of {model}", $"{value}", bytes ? "0, 1, ..., 255" : "whole numbers",
                    "leave out scale, mean and std for this model");
    }
}
