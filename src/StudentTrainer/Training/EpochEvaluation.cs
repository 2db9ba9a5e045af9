using OnnxKd.Core.LogitCaches;
using OnnxKd.Core.Metrics;
using OnnxKd.Core.Preparation;
using OnnxKd.StudentTrainer.Graph;
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
    private readonly LogitCache? teacher;
    private readonly int classes;
    private readonly int? patience;
    private readonly Func<EpochEvent, double> metric;

    private EpochEvaluation(Evaluator evaluator, LogitCache? teacher, int classes, EarlyStopOptions? earlyStop)
    {
        this.evaluator = evaluator;
        this.teacher = teacher;
        this.classes = classes;
        patience = earlyStop?.Patience;
        metric = Metrics[earlyStop?.Metric ?? "errors"];
    }

    /// <summary>What can be watched; smaller is better in each, agreement being counted backwards.</summary>
    public static IReadOnlyCollection<string> MetricNames => Metrics.Keys;

    /// <summary>Prepares for the evaluation set; <c>null</c> if there is none.</summary>
    public static EpochEvaluation? Open(StudentProgram program, TrainingData data, int classes, TrainingOptions options, Device device)
    {
        if (data.Evaluation is null)
            return null;
        var reader = new SampleReader(data.Evaluation, data.Preprocessing, Augmentation.None, 0);
        return new(new(program, reader, options.BatchSize, device), data.EvaluationCache, classes, options.EarlyStop);
    }

    /// <summary>Measures.</summary>
    public ClassificationMetrics Measure(WeightSet weights, CancellationToken token) => evaluator.Measure(weights, classes, teacher, token);

    /// <summary>Whether the last epoch is better than all before it.</summary>
    public bool IsBest(IReadOnlyList<EpochEvent> history) => BestEpoch(history) == history.Count - 1;

    /// <summary>Whether too many epochs went by without a better one.</summary>
    public bool IsOver(IReadOnlyList<EpochEvent> history) =>
        patience is { } limit && history.Count > 0 && history.Count - 1 - BestEpoch(history) >= limit;

    /// <inheritdoc/>
    public void Dispose() => evaluator.Dispose();

    private int BestEpoch(IReadOnlyList<EpochEvent> history) => Enumerable.Range(0, history.Count).MinBy(epoch => metric(history[epoch]));
}
