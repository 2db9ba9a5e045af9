using OnnxKd.Core.LogitCaches;
using OnnxKd.Core.Metrics;
using OnnxKd.Core.Preparation;
using OnnxKd.Core.TransferSets;
using OnnxKd.StudentTrainer.Graph;
using TorchSharp;
using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Training;

/// <summary>Runs a student over a set without training it.</summary>
internal sealed class Evaluator : IDisposable
{
    private readonly StudentProgram program;
    private readonly TransferSet set;
    private readonly BatchSource batches;

    /// <summary>Prepares for a set, which is read in order.</summary>
    public Evaluator(StudentProgram program, SampleReader reader, int batchSize, Device device)
    {
        this.program = program;
        set = reader.Set;
        batches = new(reader, cache: null, labels: false, program.Input.Fit(set.SampleShape), batchSize, device);
    }

    /// <summary>Hands out each batch of logits: first row, then rows × classes values, valid during the call.</summary>
    public void Run(WeightSet weights, Action<long, ReadOnlyMemory<float>> onBatch, CancellationToken token)
    {
        using var _ = no_grad();
        long row = 0;
        foreach (var batch in batches.Read(RowsInOrder(set.Count)))
        {
            token.ThrowIfCancellationRequested();
            using var scope = NewDisposeScope();
            var logits = program.Run(weights, batch.ToDevice().Samples, training: false)[0];
            onBatch(row, logits.cpu().data<float>().ToArray());
            row += batch.Rows.Length;
        }
    }

    /// <summary>Measures a student on the labels of the set.</summary>
    /// <param name="weights">Its weights.</param>
    /// <param name="classes">The number of classes.</param>
    /// <param name="teacher">The teacher's logits for the set, to measure agreement.</param>
    /// <param name="token">Stops the measurement.</param>
    public ClassificationMetrics Measure(WeightSet weights, int classes, LogitCache? teacher, CancellationToken token)
    {
        var meter = new ClassificationMeter(classes);
        Run(weights, (row, logits) =>
        {
            var count = logits.Length / classes;
            var teacherLogits = new float[teacher is null ? 0 : logits.Length];
            teacher?.Read(teacher.Stream(), RowsInOrder(count, row), 0, teacherLogits);
            meter.Add(logits.Span, set.Labels.Slice((int)row, count), teacherLogits);
        }, token);
        return meter.Result();
    }

    /// <inheritdoc/>
    public void Dispose() => batches.Dispose();

    private static long[] RowsInOrder(long count, long first = 0)
    {
        var rows = new long[count];
        for (var i = 0; i < rows.Length; i++)
            rows[i] = first + i;
        return rows;
    }
}
