using OnnxKd.Core.Errors;
using OnnxKd.Core.Text;
using OnnxKd.StudentTrainer.Training.Optimizers;

namespace OnnxKd.StudentTrainer.Training;

/// <summary>Whether the numbers and names of <see cref="TrainingOptions"/> make sense.</summary>
internal static class OptionChecks
{
    private static readonly string[] Keeps = ["last", "best"];

    /// <summary>Checks all of them.</summary>
    /// <exception cref="InputException">Names the first that does not, and the range.</exception>
    public static void Require(TrainingOptions options, TrainingData data)
    {
        Range("epochs", options.Epochs, options.Epochs >= 1, "1 or more");
        Range("batch_size", options.BatchSize, options.BatchSize >= 1, "1 or more");
        Range("threads", options.Threads ?? 1, options.Threads is null or >= 1, "1 or more");
        Positive("clip_norm", options.ClipNorm);
        Positive("max_norm", options.MaxNorm);
        Share("average_decay", options.AverageDecay ?? 0);
        Name("keep", options.Keep, Keeps);
        Name("precision", options.Precision, TrainingPrecision.Names);
        Require(options.Optimizer);
        Require(options.Schedule, options.Epochs);
        if (options.EarlyStop is { } earlyStop)
        {
            Range("early_stop.patience", earlyStop.Patience, earlyStop.Patience >= 1, "1 or more");
            Name("early_stop.metric", earlyStop.Metric, EpochEvaluation.MetricNames);
        }
        RequireMeasurable(options, data);
    }

    private static void Require(OptimizerOptions optimizer)
    {
        Name("optimizer.name", optimizer.Name, Optimizer.Names);
        Positive("optimizer.learning_rate", optimizer.LearningRate);
        Share("optimizer.momentum", optimizer.Momentum);
        Share("optimizer.beta1", optimizer.Beta1);
        Share("optimizer.beta2", optimizer.Beta2);
        Positive("optimizer.epsilon", optimizer.Epsilon);
        var decay = optimizer.WeightDecay;
        Range("optimizer.weight_decay", decay, decay >= 0 && double.IsFinite(decay), "0 or more");
    }

    private static void Require(ScheduleOptions schedule, int epochs)
    {
        Name("schedule.name", schedule.Name, LearningRateSchedule.Names);
        var warmup = schedule.WarmupEpochs;
        Range("schedule.warmup_epochs", warmup, warmup >= 0 && warmup < epochs, $"0 to below {epochs} epochs");
        Positive("schedule.gamma", schedule.Gamma);
        Range("schedule.final_factor", schedule.FinalFactor, schedule.FinalFactor is >= 0 and <= 1, "0 to 1");
        Range("schedule.rise_share", schedule.RiseShare, schedule.RiseShare is > 0 and < 1, "above 0 and below 1");
        foreach (var milestone in schedule.Milestones)
            Range("schedule.milestones", milestone, milestone > 0 && double.IsFinite(milestone), "epochs above 0");
        if (schedule.Name == "one-cycle" && warmup != 0)
            throw new InputException(
                "The schedule 'one-cycle' has its own rise.",
                "training.schedule.warmup_epochs", $"{warmup}", "0", "set rise_share instead");
    }

    private static void RequireMeasurable(TrainingOptions options, TrainingData data)
    {
        if (data.Evaluation is null && (options.Keep == "best" || options.EarlyStop is not null))
            throw new InputException(
                "Keeping the best weights, or stopping early, needs an evaluation set.",
                where: options.EarlyStop is null ? "training.keep" : "training.early_stop",
                remedy: "name an evaluation set");
        if (data.EvaluationCache is null && options.EarlyStop?.Metric == "agreement")
            throw new InputException(
                "Agreement with the teacher can be watched only with its logits for the evaluation set.",
                where: "training.early_stop.metric",
                remedy: "watch errors or nll");
    }

    private static void Name(string option, string value, IEnumerable<string> known)
    {
        if (!known.Contains(value))
            throw new InputException(
                "A setting of the training is not known.", $"training.{option}", value, string.Join(", ", known),
                Suggestions.Nearest(value, known) is { } nearest ? $"did you mean '{nearest}'?" : null);
    }

    private static void Share(string option, double value) => Range(option, value, value is >= 0 and < 1, "0 to below 1");

    private static void Positive(string option, double? value) =>
        Range(option, value ?? 1, value is null || (value > 0 && double.IsFinite(value.Value)), "a number above 0");

    private static void Range(string option, double value, bool valid, string expected)
    {
        if (!valid)
            throw new InputException(
                "A setting of the training is out of range.", $"training.{option}", $"{value}", expected, "correct the value");
    }
}
