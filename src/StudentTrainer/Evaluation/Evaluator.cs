using OnnxKd.Core.LogitCaches;
using OnnxKd.Core.Preparation;
using OnnxKd.Core.TransferSets;
using OnnxKd.StudentTrainer.Batches;
using OnnxKd.StudentTrainer.Graph;
using OnnxKd.StudentTrainer.Operators;
using OnnxKd.StudentTrainer.Signals;
using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Evaluation;

/// <summary>Runs a student over a set, in order, without training it.</summary>
internal sealed class Evaluator : IDisposable
{
    private readonly StudentProgram program;
    private readonly TransferSet set;
    private readonly BatchSource batches;
    private readonly IReadOnlyList<MeasuredOutput> measured;

    /// <summary>Prepares for a set.</summary>
    /// <param name="program">The student.</param>
    /// <param name="reader">The samples.</param>
    /// <param name="batchSize">Rows per batch.</param>
    /// <param name="device">Where it runs.</param>
    /// <param name="cache">What the teacher says of the set; <c>null</c>: nothing.</param>
    /// <param name="measured">The outputs that are measured, the program's first ones in their order; none: it is only run.</param>
    public Evaluator(
        StudentProgram program, SampleReader reader, int batchSize, Device device,
        LogitCache? cache = null, params IReadOnlyList<MeasuredOutput> measured)
    {
        (this.program, this.measured, set) = (program, measured, reader.Set);
        CacheStream[] streams = [.. measured.Select(output => output.Stream).OfType<CacheStream>().Distinct()];
        var contents = streams.Length == 0 ? BatchContents.SamplesOnly : new(null, cache, [.. streams.Select(StreamForm.Of)]);
        batches = BatchSource.Open(reader, contents, program.Input.Fit(set.SampleShape), batchSize, device);
    }

    /// <summary>Hands out each batch: first row, then of each output rows × its values, valid during the call.</summary>
    public void Run(WeightSet weights, Action<long, IReadOnlyList<ReadOnlyMemory<float>>> onBatch, CancellationToken token) =>
        Run(weights, program.Outputs.Count, (row, given, _) => onBatch(row, [.. given.Select(values => (ReadOnlyMemory<float>)Values(values))]), token);

    /// <summary>Measures a student.</summary>
    /// <param name="weights">Its weights.</param>
    /// <param name="token">Stops the measurement.</param>
    /// <returns>The figures of each output that is measured.</returns>
    public IReadOnlyList<StudentFigures> Measure(WeightSet weights, CancellationToken token)
    {
        OutputEvaluation[] evaluations = [.. measured.Select(output => output.Begin(set))];
        Run(weights, evaluations.Length, (row, given, batch) =>
        {
            foreach (var (evaluation, values) in evaluations.Zip(given))
                evaluation.Add(row, values, batch);
        }, token);
        return [.. evaluations.Select(evaluation => evaluation.Result())];
    }

    /// <inheritdoc/>
    public void Dispose() => batches.Dispose();

    /// <summary>A tensor's values, on the host.</summary>
    internal static float[] Values(Tensor tensor) => tensor.to(float32, CPU).contiguous().Values<float>();

    private void Run(WeightSet weights, int outputs, Action<long, IReadOnlyList<Tensor>, Batch> onBatch, CancellationToken token)
    {
        using var _ = no_grad();
        long row = 0;
        foreach (var prepared in batches.Read(RowsInOrder(set.Count)))
        {
            token.ThrowIfCancellationRequested();
            using var scope = NewDisposeScope();
            var batch = prepared.ToDevice();
            onBatch(row, program.AllLogits(weights, batch.Samples, outputs), batch);
            row += prepared.Rows.Length;
        }
    }

    private static long[] RowsInOrder(long count)
    {
        var rows = new long[count];
        for (var i = 0; i < rows.Length; i++)
            rows[i] = i;
        return rows;
    }
}
