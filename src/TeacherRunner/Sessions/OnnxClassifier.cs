using Microsoft.ML.OnnxRuntime;
using Onnx;
using OnnxKd.Core.Errors;
using OnnxKd.Core.LogitCaches;
using OnnxKd.Core.Logits;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Preparation;
using OnnxKd.Core.Tensors;
using OnnxKd.Core.Threading;

namespace OnnxKd.TeacherRunner.Sessions;

/// <summary>
/// An ONNX model in an ONNX Runtime session, giving logits (or log-probabilities), values, embeddings and other tensors, for batches of samples.
/// Thread-safe: on the CPU runs go on at the same time, on a GPU one after another.
/// </summary>
public sealed class OnnxClassifier : IDisposable
{
    private const int WorkersOfADevice = 4;

    private readonly ModelProto proto;
    private readonly ExecutionDevice device;
    private readonly ModelInput input;
    private readonly string model;
    private readonly string fed;
    private readonly BoundSession session;
    private readonly OutputPlan[] plans;
    private readonly HostMemory memory;
    private bool isDisposed;

    private OnnxClassifier(OnnxModel source, SampleShape sampleShape, IReadOnlyList<ModelReading> readings, SessionSettings settings)
    {
        model = source.Path is null ? "the model in memory" : Path.GetFileName(source.Path);
        device = ExecutionDevice.Resolve(settings.Device);
        var readable = new ReadableGraph(source, sampleShape, readings, settings, settings.PicksInSession ?? device.IsCuda, model);
        (proto, input, fed) = (readable.Proto, readable.Input, readable.Fed);
        var (graph, behind) = (readable.Graph, readable.Behind);
        ComputesIntegers = RunsOnHost && readable.UsesIntegers;
        // On the CPU, runs that go on at the same time have a thread each.
        var threads = settings.Threads ?? Environment.ProcessorCount;
        var (threadsOfRun, runsAtOnce) = device.IsCuda ? (threads, 1) : (1, threads);
        var (plans, open) = new HeadProbe(fed, input, readable.Opset, model, settings.Known is { } set ? most => KnownSamples.Of(set, settings.KnownPreprocessing, most) : null)
            .Establish(proto.Clone(), readable.Wanted, (probed, isBrief) => RunFailure.OpenFed(
                model => SessionFactory.Open(model, device, threadsOfRun, this.model, isBrief), probed, source.Proto, behind, model));

        // Without the outputs that nobody reads, ONNX Runtime leaves out what only they need, such as the softmax.
        graph.Output.Clear();
        string[] read = [.. plans.Select(plan => plan.AddTo(graph))];
        open ??= SessionFactory.Open(proto, device, threadsOfRun, model);
        Outputs = [.. plans.Select(plan => plan.Output)];
        Layouts = [.. plans.Select(plan => plan.Layout)];
        Interface = GivenOutput.InterfaceOf(source, input.Name, behind, settings.Inputs, [.. plans.Select(plan => plan.Given)]);
        // What is made of tokens here is no output of the file.
        Interface = Interface with { Output = readings[0].Pooling is null ? DetectorJoin.Apart(source.Proto.Graph, readings[0], Interface.Output) : null };
        session = new(open, input, fed, plans, read, runsAtOnce, model);
        this.plans = plans;
        DescribesFloats = RunsOnHost && QuantizedArithmetic.DescribesFloats(source.Proto.Graph);
        IsRoundedByRun = QuantizedArithmetic.IsDynamic(source.Proto.Graph);
        QuantizationStep = QuantizedArithmetic.StepOf(source.Proto.Graph, plans[0].Head.Tensor);
        RowsPerRun = input.FixedBatch ?? (SampleBranches.RunAlone(graph) ? 1 : device.IsCuda ? int.MaxValue : RunSize.Of(input.SampleElements, source.ParameterCount));
        memory = new(session.Session, device);
    }

    /// <summary>Opens a classifier for samples of a given shape, and tries it on made-up samples.</summary>
    /// <param name="model">The loaded model.</param>
    /// <param name="sampleShape">The shape of one sample, without the batch axis. It must be the model's apart from axes of length 1, or flattened.</param>
    /// <param name="output">The tensor that holds the class scores, as <see cref="ModelReading.Tensor"/>.</param>
    /// <param name="device"><c>auto</c> (CUDA, else the CPU), <c>cpu</c>, <c>cuda</c> or <c>cuda:N</c>.</param>
    /// <param name="threads">As <see cref="SessionSettings.Threads"/>.</param>
    /// <exception cref="InputException">
    /// The model is invalid, its input does not fit the samples, its output is not clear, or CUDA was asked for and is not available.
    /// </exception>
    /// <exception cref="UnsupportedModelException">ONNX Runtime cannot run the model, or it gives no class scores per sample.</exception>
    public static OnnxClassifier Open(
        OnnxModel model, SampleShape sampleShape, string? output = null, string device = "auto", int? threads = null) =>
        Open(model, sampleShape, [new() { Tensor = output }], new() { Device = device, Threads = threads });

    /// <inheritdoc cref="Open(OnnxModel, SampleShape, string?, string, int?)"/>
    /// <param name="model">The loaded model.</param>
    /// <param name="sampleShape">The shape of one sample, without the batch axis.</param>
    /// <param name="readings">The tensors to read; the first is the one that the model is measured by.</param>
    /// <param name="settings">Where and how it runs.</param>
    public static OnnxClassifier Open(
        OnnxModel model, SampleShape sampleShape, IReadOnlyList<ModelReading> readings, SessionSettings settings)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(sampleShape);
        ArgumentNullException.ThrowIfNull(readings);
        ArgumentNullException.ThrowIfNull(settings);
        return new(model, sampleShape, readings, settings);
    }

    /// <summary>The input that is fed; of several, their names with commas.</summary>
    public string Input => input.Names;

    /// <summary>What it gives for every sample, in the order of the readings.</summary>
    public IReadOnlyList<ModelOutput> Outputs { get; }

    /// <summary>The first of the outputs.</summary>
    public ModelOutput Output => Outputs[0];

    /// <summary>How each output lies in the model.</summary>
    public IReadOnlyList<RowLayout> Layouts { get; }

    /// <summary>What a session sees that is written for the model and its outputs.</summary>
    public ModelInterface Interface { get; }

    /// <summary>The classes of the first output.</summary>
    public int Classes => Output.Classes;

    /// <summary>The only batch size the model takes; <c>null</c>: any.</summary>
    public int? FixedBatch => input.FixedBatch;

    /// <summary>Where it runs: <c>cpu</c> or <c>cuda</c>.</summary>
    public string Provider => device.Provider;

    /// <summary>Whether something of it is computed in integers on a processor, whose class may then count.</summary>
    internal bool ComputesIntegers { get; }

    /// <summary>Whether what is computed in integers is written as floats between quantisations (QDQ), so that the two can be compared.</summary>
    internal bool DescribesFloats { get; }

    /// <summary>Whether it rounds to integers by the range of all that runs together, so that each sample is to run alone.</summary>
    internal bool IsRoundedByRun { get; }

    /// <summary>How far the first output moves when a value is rounded to the code beside; <c>null</c>: not known.</summary>
    internal double? QuantizationStep { get; }

    /// <summary>Whether it runs on the processors that everything else runs on.</summary>
    internal bool RunsOnHost => !device.IsCuda;

    /// <summary>
    /// How many threads should read, run and use what comes out: on the CPU as many as may run at the same time; with a GPU, which takes one run
    /// at a time, enough that one more is always ready for it and the results of the last are being used.
    /// </summary>
    internal int Workers => RunsOnHost ? session.ConcurrentRuns : WorkersOfADevice;

    /// <summary>The most rows that are run together. On a GPU, as many as there are.</summary>
    internal int RowsPerRun { get; }

    /// <summary>Why the device <c>auto</c> did not choose CUDA; <c>null</c> when it did, or when a device was named.</summary>
    public string? ProviderNote => device.Note;

    /// <summary>The time that a measurement of latency takes, more or less.</summary>
    public static TimeSpan LatencyTime { get; } = TimeSpan.FromSeconds(3);

    /// <summary>Host memory for batches that its device copies from and to fastest. It lives as long as the session.</summary>
    /// <param name="elements">Its length.</param>
    /// <exception cref="ObjectDisposedException">The session is closed.</exception>
    public Memory<float> AllocateHost(int elements)
    {
        ObjectDisposedException.ThrowIf(isDisposed, this);
        return memory.Allocate(elements);
    }

    /// <summary>Refuses samples that a model of integers would cut off.</summary>
    /// <param name="samples">Any number of samples, preprocessed.</param>
    /// <exception cref="InputException">The model takes integers and a value is none (or, for bytes, not in 0…255).</exception>
    internal void RequireTaken(ReadOnlySpan<float> samples) => input.RequireWholeNumbers(samples, model);

    /// <summary>Runs any number of samples (padded to the model's batch where that is fixed).</summary>
    /// <param name="samples">count × sample elements, preprocessed.</param>
    /// <param name="count">Samples.</param>
    /// <param name="results">For each output at least count × the values that a run gives.</param>
    /// <exception cref="InputException">The model takes integers and a value is none (or, for bytes, not in 0…255), or the model fails on this batch.</exception>
    /// <exception cref="ObjectDisposedException">The session is closed.</exception>
    public void Run(ReadOnlyMemory<float> samples, int count, params Memory<float>[] results) => Run(samples, count, row => $"sample {row} of those given", results);

    /// <inheritdoc cref="Run(ReadOnlyMemory{float}, int, Memory{float}[])"/>
    /// <param name="samples">count × sample elements, preprocessed.</param>
    /// <param name="count">Samples.</param>
    /// <param name="nameOf">What a row is called in an error that it causes.</param>
    /// <param name="results">For each output at least count × the values that a run gives.</param>
    internal void Run(ReadOnlyMemory<float> samples, int count, Func<int, string> nameOf, params Memory<float>[] results)
    {
        ObjectDisposedException.ThrowIf(isDisposed, this);
        ArgumentNullException.ThrowIfNull(results);
        ArgumentOutOfRangeException.ThrowIfNotEqual(samples.Length, count * input.SampleElements, nameof(samples));
        ArgumentOutOfRangeException.ThrowIfNotEqual(results.Length, Outputs.Count, nameof(results));
        input.RequireWholeNumbers(samples.Span, model);
        var runs = (int)((count + (long)RowsPerRun - 1) / RowsPerRun);
        try
        {
            Parts.Run(runs, session.ConcurrentRuns, i => RunRows(i * RowsPerRun));
        }
        catch (InputException e) when (e.InnerException is OnnxRuntimeException && input.FixedBatch is null or 1)
        {
            Memory<float>[] one = [.. Outputs.Select(output => new float[output.ValuesPerRun])];
            throw RunFailure.CauseOf(e, model, count, row => session.Run(samples.Slice(row * input.SampleElements, input.SampleElements), 1, one), nameOf);
        }

        void RunRows(int first)
        {
            var rows = Math.Min(RowsPerRun, count - first);
            var read = samples.Slice(first * input.SampleElements, rows * input.SampleElements);
            var written = results.Select((result, i) => result.Slice(first * Outputs[i].ValuesPerRun, rows * Outputs[i].ValuesPerRun)).ToArray();
            if (rows < input.FixedBatch)
                RunPadded(read, rows, written);
            else
                session.Run(read, rows, written);
        }
    }

    /// <summary>A session in which each node runs on its own, as the file says, and none is joined with others: quantised models compute in float32 between quantisations.</summary>
    internal BoundSession OpenAsFloats() =>
        new(SessionFactory.Open(proto, device, threads: 1, model, brief: true), input, fed, plans, session.Read, 1, model);

    /// <summary>Runs a whole transfer set (no augmentation) and hands out each batch of the first output: first row, then rows × elements values.</summary>
    /// <param name="reader">Reads and preprocesses the samples.</param>
    /// <param name="batchSize">Samples per batch, 1 or more.</param>
    /// <param name="onBatch">Called in order of the rows, one batch at a time; the memory is reused afterwards.</param>
    /// <param name="token">Stops between runs.</param>
    /// <exception cref="ObjectDisposedException">The session is closed.</exception>
    public void RunAll(SampleReader reader, int batchSize, Action<long, ReadOnlyMemory<float>> onBatch, CancellationToken token = default)
    {
        ObjectDisposedException.ThrowIf(isDisposed, this);
        ArgumentNullException.ThrowIfNull(reader);
        ArgumentNullException.ThrowIfNull(onBatch);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(batchSize);
        ArgumentOutOfRangeException.ThrowIfNotEqual(Outputs.Count, 1);
        var (rows, rowsPerRun) = (reader.Set.Count, Math.Min(batchSize, RowsPerRun));
        BatchWorkers<float>.Run(
            [.. Enumerable.Range(0, Workers).Select(_ => new RunBuffers(rowsPerRun, [reader.Set.SampleElements], [], AllocateHost))],
            RowRange.Batches(0, rows, batchSize), batchSize, rowsPerRun, Output.Elements,
            (buffers, run, logits) =>
            {
                buffers.Select(run, rows);
                buffers.Read(0, reader);
                Run(buffers.Samples(0), buffers.Count, row => $"sample {reader.Set.FileRow(buffers.Source(row).Sample)} of {reader.Set.Name}", logits);
            },
            (batch, logits) => onBatch(batch.First, logits), token);
    }

    /// <summary>
    /// The latency of one run at batch 1 (the model's batch, where that is fixed): a session of its own with one thread on the same
    /// device, a tenth of the runs to warm up, then the median of the runs. A slow model is timed less often: after <see cref="LatencyTime"/> at
    /// least three runs are enough.
    /// </summary>
    /// <param name="sample">One preprocessed sample.</param>
    /// <param name="runs">Timed runs at most; default 200.</param>
    /// <param name="token">Stops at once, in the middle of a run.</param>
    /// <returns>Milliseconds.</returns>
    /// <exception cref="ObjectDisposedException">The session is closed.</exception>
    public double MeasureLatency(ReadOnlySpan<float> sample, int runs = 200, CancellationToken token = default)
    {
        ObjectDisposedException.ThrowIf(isDisposed, this);
        ArgumentOutOfRangeException.ThrowIfLessThan(runs, 1);
        var rows = input.FixedBatch ?? 1;
        var samples = new float[rows * sample.Length];
        for (var row = 0; row < rows; row++)
            sample.CopyTo(samples.AsSpan(row * sample.Length));
        using var single = SessionFactory.Open(proto, device, threads: 1, model);
        using var tensor = OrtValue.CreateTensorValueFromMemory(samples, input.ShapeOf(rows));
        var times = RunTimes.Measure(
            options => single.Run(options, [fed], [tensor], session.Read).Dispose(), warmUp: runs / 10 + 1, runs, LatencyTime, token);
        return LatencyFigures.Of(times).MsP50;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (isDisposed)
            return;
        isDisposed = true;
        memory.Dispose();
        session.Dispose();
    }

    private void RunPadded(ReadOnlyMemory<float> samples, int rows, Memory<float>[] results)
    {
        var batch = input.FixedBatch!.Value;
        var padded = new float[batch * input.SampleElements];
        samples.CopyTo(padded);
        Memory<float>[] whole = [.. Outputs.Select(output => new float[batch * output.ValuesPerRun])];
        session.Run(padded, batch, whole);
        for (var i = 0; i < whole.Length; i++)
            whole[i][..results[i].Length].CopyTo(results[i]);
    }
}
