using OnnxKd.Core.Errors;
using OnnxKd.Core.LogitCaches;
using OnnxKd.Core.Logits;
using OnnxKd.Core.Metrics;
using OnnxKd.Core.TransferSets;
using OnnxKd.StudentTrainer.Batches;
using OnnxKd.StudentTrainer.Signals;
using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Evaluation;

/// <summary>An output of a student, and what it is measured against.</summary>
/// <param name="Output">The output.</param>
/// <param name="Kind">What it holds.</param>
/// <param name="Stream">What the teacher says of it; <c>null</c>: nothing.</param>
/// <param name="IsFirst">Whether it is the student's first one, which a set's labels are for.</param>
internal sealed record MeasuredOutput(StudentOutput Output, OutputKind Kind, CacheStream? Stream, bool IsFirst)
{
    /// <summary>Begins to measure it on a set.</summary>
    public OutputEvaluation Begin(TransferSet set) => Kind == OutputKind.Classes ? new ClassEvaluation(this, set) : new OtherEvaluation(this, set);

    /// <summary>Whether a set has labels for it.</summary>
    public bool IsLabelled(TransferSet set) => IsFirst && Output.HasLabels(set, Kind);
}

/// <summary>The figures of an output, batch by batch.</summary>
internal abstract class OutputEvaluation
{
    /// <summary>Adds a batch.</summary>
    /// <param name="first">Its first row in the set.</param>
    /// <param name="given">What the student gave: N × positions × columns.</param>
    /// <param name="batch">The batch.</param>
    public abstract void Add(long first, Tensor given, Batch batch);

    /// <summary>The figures so far.</summary>
    public abstract StudentFigures Result();
}

/// <summary>Of scores of classes.</summary>
internal sealed class ClassEvaluation(MeasuredOutput measured, TransferSet set) : OutputEvaluation
{
    private readonly CountedPositions counted = new(set, measured.Output.Shape);
    private readonly ClassificationMeter? labelled = measured.IsLabelled(set) ? new(measured.Output.Classes) : null;
    private long agreed;
    private long compared;
    private double? divergence = 0;

    /// <inheritdoc/>
    public override void Add(long first, Tensor given, Batch batch)
    {
        labelled?.Add(counted.Keep<float>(first, Evaluator.Values(given), measured.Output.Classes), counted.Labels(first, (int)given.shape[0]));
        if (measured.Stream is { } stream)
            Compare(batch.Rows(given), (TargetScores)batch.Streams[stream.Name], stream.Subset);
    }

    /// <inheritdoc/>
    public override StudentFigures Result()
    {
        var scores = labelled?.Result();
        return new(scores?.Errors, scores?.Nll, measured.Stream is null ? null : (double)agreed / compared, measured.Stream is null ? null : divergence / compared);
    }

    private void Compare(Tensor logits, TargetScores scores, ClassSubset? subset)
    {
        if (!logits.isfinite().all().item<bool>())
            throw new CheckFailedException(
                "A logit of the student is not a finite number.",
                where: $"output '{measured.Output.Name}', while it was measured",
                remedy: "look for an overflow in the model, lower the learning rate or clip the gradient");
        var covered = StreamForm.Covered(logits, subset);
        agreed += covered.argmax(1).eq(scores.Top).sum().item<long>();
        divergence += scores.Knows(1) ? scores.Divergence(covered.to(float32), 1).item<float>() : null;
        compared += logits.shape[0];
    }
}

/// <summary>Of independent labels, values, an embedding or a detector head.</summary>
internal sealed class OtherEvaluation(MeasuredOutput measured, TransferSet set) : OutputEvaluation
{
    private readonly CountedPositions counted = new(set, measured.Output.Shape);
    private readonly OutputMeter meter = new(measured.Kind, measured.Output.Shape, thorough: false, measured.Stream?.Detector);
    private readonly bool isLabelled = measured.IsLabelled(set);

    /// <inheritdoc/>
    public override void Add(long first, Tensor given, Batch batch) => meter.Add(
        counted.Keep<float>(first, Evaluator.Values(given), measured.Output.Classes),
        isLabelled ? measured.Output.LabelsOf(set, counted, first, (int)given.shape[0]) : [],
        measured.Stream is { } stream ? Evaluator.Values(((TargetTensor)batch.Streams[stream.Name]).Values) : []);

    /// <inheritdoc/>
    public override StudentFigures Result()
    {
        var figures = meter.Result();
        return new(
            figures.Labels?.Errors, figures.Labels?.Nll, figures.Labels?.Agreement ?? figures.Detections?.Agreement, figures.Labels?.Kl, figures.Values?.Mse, figures.Values?.RSquared,
            figures.Embeddings?.Cosine);
    }
}
