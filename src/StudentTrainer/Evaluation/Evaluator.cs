using OnnxKd.Core.Errors;
using OnnxKd.Core.LogitCaches;
using OnnxKd.Core.Logits;
using OnnxKd.Core.Metrics;
using OnnxKd.Core.Preparation;
using OnnxKd.Core.TransferSets;
using OnnxKd.StudentTrainer.Batches;
using OnnxKd.StudentTrainer.Graph;
using OnnxKd.StudentTrainer.Operators;
using OnnxKd.StudentTrainer.Signals;
using TorchSharp;
using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Evaluation;

/// <summary>How well a student did.</summary>
/// <param name="Errors">Samples, or positions, whose largest logit is not at the label; <c>null</c> without labels for them.</param>
/// <param name="Nll">Mean negative log-likelihood of the labels; <c>null</c> without labels for them.</param>
/// <param name="Agreement">
/// Share of positions (that count) at which student and teacher put the same class first, of decisions on labels that are the same, or of detections that both have;
/// <c>null</c> without a teacher.
/// </param>
/// <param name="Mse">Mean squared difference to the teacher's values; <c>null</c> for other kinds.</param>
/// <param name="RSquared">The share of the variance of the teacher's values that is explained; <c>null</c> for other kinds.</param>
/// <param name="Cosine">Mean cosine with the teacher's embeddings; <c>null</c> for other kinds.</param>
internal readonly record struct StudentFigures(
    long? Errors, double? Nll, double? Agreement, double? Mse = null, double? RSquared = null, double? Cosine = null);

/// <summary>Runs a student over a set, in order, without training it.</summary>
internal sealed class Evaluator : IDisposable
{
    private readonly StudentProgram program;
    private readonly TransferSet set;
    private readonly BatchSource batches;
    private readonly string? teacher;
    private readonly ClassSubset? subset;
    private readonly DetectorForm? detector;

    /// <summary>Prepares for a set.</summary>
    /// <param name="program">The student.</param>
    /// <param name="reader">The samples.</param>
    /// <param name="batchSize">Rows per batch.</param>
    /// <param name="device">Where it runs.</param>
    /// <param name="cache">The teacher's logits for the set, to measure agreement.</param>
    /// <param name="stream">The stream of the cache that is compared with.</param>
    public Evaluator(
        StudentProgram program, SampleReader reader, int batchSize, Device device,
        LogitCache? cache = null, CacheStream? stream = null)
    {
        this.program = program;
        set = reader.Set;
        (teacher, subset, detector) = (stream?.Name, stream?.Subset, stream?.Detector);
        var contents = stream is null ? BatchContents.SamplesOnly : new(false, cache, [StreamForm.Of(stream)], new(set, stream.Shape));
        batches = BatchSource.Open(reader, contents, program.Input.Fit(set.SampleShape), batchSize, device);
    }

    /// <summary>Hands out each batch of logits: first row, then rows × values of an output, valid during the call.</summary>
    public void Run(WeightSet weights, Action<long, ReadOnlyMemory<float>> onBatch, CancellationToken token) =>
        Run(weights, (row, logits, _) => onBatch(row, Values(logits)), token);

    /// <summary>Measures a student.</summary>
    /// <param name="weights">Its weights.</param>
    /// <param name="output">What it gives.</param>
    /// <param name="kind">What that is.</param>
    /// <param name="token">Stops the measurement.</param>
    public StudentFigures Measure(WeightSet weights, StudentOutput output, OutputKind kind, CancellationToken token) =>
        kind == OutputKind.Classes ? MeasureClasses(weights, output, token) : MeasureOthers(weights, output, kind, token);

    private StudentFigures MeasureOthers(WeightSet weights, StudentOutput output, OutputKind kind, CancellationToken token)
    {
        var counted = new CountedPositions(set, output.Shape);
        var meter = new OutputMeter(kind, output.Shape, neighbours: false, detector);
        var isLabelled = output.HasLabels(set, kind);
        Run(weights, (row, given, batch) =>
        {
            var taught = teacher is null ? [] : Values(((TargetTensor)batch.Streams[teacher]).Values);
            meter.Add(
                counted.Keep<float>(row, Values(given), output.Classes),
                isLabelled ? output.LabelsOf(set, counted, row, (int)given.shape[0]) : [],
                taught);
        }, token);
        var figures = meter.Result();
        return new(
            figures.Labels?.Errors, figures.Labels?.Nll, figures.Labels?.Agreement ?? figures.Detections?.Agreement, figures.Values?.Mse, figures.Values?.RSquared,
            figures.Embeddings?.Cosine);
    }

    private StudentFigures MeasureClasses(WeightSet weights, StudentOutput output, CancellationToken token)
    {
        var counted = new CountedPositions(set, output.Shape);
        var labelled = output.HasLabels(set, OutputKind.Classes) ? new ClassificationMeter(output.Classes) : null;
        var (agreed, compared) = (0L, 0L);
        Run(weights, (row, logits, batch) =>
        {
            labelled?.Add(
                counted.Keep<float>(row, Values(logits), output.Classes), counted.Labels(row, (int)logits.shape[0]));
            if (teacher is not null)
                Compare(Batch.Rows(logits, logits.shape[^1], batch.Valid), (TargetScores)batch.Streams[teacher]);
        }, token);
        var scores = labelled?.Result();
        return new(scores?.Errors, scores?.Nll, teacher is null ? null : (double)agreed / compared);

        void Compare(Tensor logits, TargetScores scores)
        {
            RequireFinite(logits, output);
            agreed += StreamForm.Covered(logits, subset).argmax(1).eq(scores.Top).sum().item<long>();
            compared += logits.shape[0];
        }
    }

    /// <inheritdoc/>
    public void Dispose() => batches.Dispose();

    private void Run(WeightSet weights, Action<long, Tensor, Batch> onBatch, CancellationToken token)
    {
        using var _ = no_grad();
        long row = 0;
        foreach (var prepared in batches.Read(RowsInOrder(set.Count)))
        {
            token.ThrowIfCancellationRequested();
            using var scope = NewDisposeScope();
            var batch = prepared.ToDevice();
            onBatch(row, program.Logits(weights, batch.Samples, training: false), batch);
            row += prepared.Rows.Length;
        }
    }

    private static void RequireFinite(Tensor logits, StudentOutput output)
    {
        if (!logits.isfinite().all().item<bool>())
            throw new CheckFailedException(
                "A logit of the student is not a finite number.",
                where: $"output '{output.Name}', while it was measured",
                remedy: "look for an overflow in the model, lower the learning rate or clip the gradient");
    }

    private static float[] Values(Tensor logits) => logits.to(float32, CPU).contiguous().Values<float>();

    private static long[] RowsInOrder(long count)
    {
        var rows = new long[count];
        for (var i = 0; i < rows.Length; i++)
            rows[i] = i;
        return rows;
    }
}
