using OnnxKd.Core.Errors;
using OnnxKd.Core.LogitCaches;
using OnnxKd.Core.Preparation;
using OnnxKd.StudentTrainer.Graph;
using OnnxKd.StudentTrainer.Losses;
using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Training;

/// <summary>Measures the student after each epoch, and tells whether it got better.</summary>
internal sealed class EpochEvaluation : IDisposable
{
    private static readonly Dictionary<string, Func<EpochEvent, double>> Metrics = new(StringComparer.Ordinal)
    {
        { "errors", figures => figures.Errors!.Value },
        { "nll", figures => figures.Nll!.Value },
        { "agreement", figures => -figures.Agreement!.Value },
    };

    private readonly Evaluator evaluator;
    private readonly StudentOutput output;
    private readonly int? patience;
    private readonly Func<EpochEvent, double> metric;

    private EpochEvaluation(Evaluator evaluator, StudentOutput output, int? patience, string metric)
    {
        this.evaluator = evaluator;
        this.output = output;
        this.patience = patience;
        this.metric = Metrics[metric];
    }

    /// <summary>What can be watched; smaller is better in each, agreement being counted backwards.</summary>
    public static IReadOnlyCollection<string> MetricNames => Metrics.Keys;

    /// <summary>Prepares for the evaluation set; <c>null</c> if there is none.</summary>
    /// <param name="program">The student.</param>
    /// <param name="output">What it gives.</param>
    /// <param name="data">The sets and caches.</param>
    /// <param name="objective">The terms; see <see cref="StreamOf"/>.</param>
    /// <param name="options">The settings.</param>
    /// <param name="device">Where the student runs.</param>
    /// <exception cref="InputException">
    /// Nothing can be measured, or not what is to be watched; or the student does not fit the teacher.
    /// </exception>
    public static EpochEvaluation? Open(
        StudentProgram program, StudentOutput output, TrainingData data, Objective objective, TrainingOptions options, Device device)
    {
        if (data.Evaluation is null)
            return null;
        var cache = data.EvaluationCache;
        var stream = StreamOf(cache, objective);
        if (stream is not null)
            output.RequireFits(stream, "evaluation");
        var countsErrors = output.HasLabels(data.Evaluation);
        var metric = options.EarlyStop?.Metric ?? (countsErrors ? "errors" : "agreement");
        RequireMeasurable(metric, countsErrors, stream, output);
        var reader = new SampleReader(data.Evaluation, data.Preprocessing, Augmentation.None, 0);
        return new(
            new(program, reader, options.BatchSize, device, cache, stream),
            output, options.EarlyStop?.Patience, metric);
    }

    /// <summary>
    /// What agreement is measured with: the stream that the first term learns from, or the first one of logits where the evaluation set's
    /// cache has none of that name.
    /// </summary>
    public static CacheStream? StreamOf(LogitCache? cache, Objective objective)
    {
        var logits = cache?.Streams.Where(stream => stream.Kind != StreamKind.Feature).ToList();
        return logits?.Find(stream => stream.Name == objective.Stream) ?? logits?.FirstOrDefault();
    }

    /// <summary>Measures.</summary>
    public StudentFigures Measure(WeightSet weights, CancellationToken token) => evaluator.Measure(weights, output, token);

    /// <summary>Whether the last epoch is better than all before it.</summary>
    public bool IsBest(IReadOnlyList<EpochEvent> history) => BestEpoch(history) == history.Count - 1;

    /// <summary>Whether too many epochs went by without a better one.</summary>
    public bool IsOver(IReadOnlyList<EpochEvent> history) =>
        patience is { } limit && history.Count > 0 && history.Count - 1 - BestEpoch(history) >= limit;

    /// <inheritdoc/>
    public void Dispose() => evaluator.Dispose();

    private static void RequireMeasurable(string metric, bool countsErrors, CacheStream? stream, StudentOutput output)
    {
        if (!countsErrors && stream is null)
            throw new InputException(
                "On the evaluation set nothing can be measured: there is neither a label for each row of logits nor a teacher.",
                where: $"output '{output.Name}'",
                found: $"{output.Positions} positions for each sample",
                remedy: "name a teacher, so that agreement with it can be measured, or leave the set out");
        if (metric == "agreement" ? stream is null : !countsErrors)
            throw new InputException(
                "What is to be watched on the evaluation set cannot be measured.",
                where: "training.early_stop.metric",
                found: metric,
                expected: countsErrors ? "errors or nll" : "agreement: there is no label for each row of logits");
    }

    private int BestEpoch(IReadOnlyList<EpochEvent> history) => Enumerable.Range(0, history.Count).MinBy(epoch => metric(history[epoch]));
}
