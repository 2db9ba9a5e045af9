using OnnxKd.Core.Errors;
using OnnxKd.Core.LogitCaches;
using OnnxKd.Core.Logits;
using OnnxKd.Core.Preparation;
using OnnxKd.StudentTrainer.Evaluation;
using OnnxKd.StudentTrainer.Learners;
using OnnxKd.StudentTrainer.Training;
using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Loop;

/// <summary>Measures the student after each epoch, and tells whether it got better.</summary>
internal sealed class EpochEvaluation : IDisposable
{
    private readonly Evaluator evaluator;
    private readonly Learner learner;
    private readonly int? patience;
    private readonly EpochMetric metric;

    private EpochEvaluation(Evaluator evaluator, Learner learner, int? patience, string metric)
    {
        this.evaluator = evaluator;
        this.learner = learner;
        this.patience = patience;
        this.metric = EpochMetric.Named(metric);
    }

    /// <summary>Prepares for the validation set; <c>null</c> if there is none.</summary>
    /// <param name="learner">The student.</param>
    /// <param name="data">The sets and caches.</param>
    /// <param name="options">The settings.</param>
    /// <param name="device">Where the student runs.</param>
    /// <exception cref="InputException">
    /// Nothing can be measured, or not what is to be watched; or the student does not fit the teacher.
    /// </exception>
    public static EpochEvaluation? Open(
        Learner learner, TrainingData data, TrainingOptions options, Device device)
    {
        if (data.Validation is null)
            return null;
        var cache = data.ValidationCache;
        var stream = StreamOf(cache, learner);
        var output = learner.Output;
        if (stream is not null)
            output.RequireFits(stream, "validation");
        var countsErrors = output.HasLabels(data.Validation, learner.Kind);
        var compared = learner.Kind switch { OutputKind.Values => "r-squared", OutputKind.Embedding => "cosine", _ => "agreement" };
        var metric = options.EarlyStop?.Metric ?? (countsErrors ? "errors" : compared);
        RequireMeasurable(metric, compared, learner.Kind, countsErrors, stream, output);
        var reader = new SampleReader(data.Validation, data.Preprocessing, Augmentation.None, 0);
        return new(
            new(learner.Program, reader, options.BatchSize, device, cache, [new(output, learner.Kind, stream, IsFirst: true), .. Further(learner, cache)]),
            learner, options.EarlyStop?.Patience, metric);
    }

    /// <summary>The further outputs, each with the stream that it learns from.</summary>
    /// <exception cref="InputException">One does not fit.</exception>
    private static IEnumerable<MeasuredOutput> Further(Learner learner, LogitCache? cache)
    {
        foreach (var output in learner.Outputs.Skip(1))
        {
            if (TaughtTo(output, learner, cache) is not { } stream)
                yield break; // what is measured are the first outputs
            output.RequireFits(stream, "validation");
            yield return new(output, learner.KindOf(output), stream, IsFirst: false);
        }
    }

    /// <summary>
    /// What agreement is measured with: the stream that the first output learns from, or the first one of an output where the validation set's
    /// cache has none of that name.
    /// </summary>
    public static CacheStream? StreamOf(LogitCache? cache, Learner learner) =>
        TaughtTo(learner.Output, learner, cache) ?? cache?.Streams.FirstOrDefault(stream => stream.Kind != StreamKind.Feature);

    private static CacheStream? TaughtTo(StudentOutput output, Learner learner, LogitCache? cache)
    {
        var taught = learner.Objective.Compared.FirstOrDefault(pair => pair.Tensor == output.Name).Stream;
        return cache?.Streams.FirstOrDefault(stream => stream.Kind != StreamKind.Feature && stream.Name == taught);
    }

    /// <summary>Measures each output, in one pass.</summary>
    public IReadOnlyList<StudentFigures> Measure(CancellationToken token) => evaluator.Measure(learner.Evaluated, token);

    /// <summary>The epoch, counted from 1, after which the student was best; the first of several.</summary>
    public int BestEpoch => 1 + Enumerable.Range(0, learner.History.Count).MinBy(epoch => metric.Cost(learner.History[epoch]));

    /// <summary>Whether too many epochs went by without a better one.</summary>
    public bool IsOver => patience is { } limit && learner.History.Count > 0 && learner.History.Count - BestEpoch >= limit;

    /// <inheritdoc/>
    public void Dispose() => evaluator.Dispose();

    private static void RequireMeasurable(string metric, string compared, OutputKind kind, bool countsErrors, CacheStream? stream, StudentOutput output)
    {
        if (!countsErrors && stream is null)
            throw new InputException(
                "On the validation set nothing can be measured: there is neither a label for each row of logits nor a teacher.",
                where: $"output '{output.Name}'",
                found: $"{output.Positions} positions for each sample",
                remedy: "name a teacher, so that agreement with it can be measured, or leave the set out");
        var isCompared = metric == compared || (metric, kind) is ("mse", OutputKind.Values) or ("kl", OutputKind.Classes or OutputKind.Labels);
        if (isCompared ? stream is null : !countsErrors || metric is not ("errors" or "nll"))
            throw new InputException(
                "What is to be watched on the validation set cannot be measured.",
                where: "training.early-stop.metric",
                found: metric,
                expected: countsErrors ? stream is null ? "errors or nll" : $"errors, nll or {compared}" : $"{compared}: there is no label for what the student gives");
    }}
