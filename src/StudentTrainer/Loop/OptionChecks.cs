using OnnxKd.Core.Errors;
using OnnxKd.Core.Settings;
using OnnxKd.StudentTrainer.Training;

namespace OnnxKd.StudentTrainer.Loop;

/// <summary>Whether the numbers and names of <see cref="TrainingOptions"/> make sense.</summary>
internal static class OptionChecks
{
    /// <summary>Checks all of them.</summary>
    /// <exception cref="InputException">Names the first that does not, and the range.</exception>
    public static void Require(TrainingOptions options, TrainingData data)
    {
        if (SettingSchema.Problem(options) is { } problem)
            throw new InputException(
                "A setting of the training is out of range.", $"training.{problem.Setting}", problem.Found, problem.Expected, "correct the value");
        if (options.Schedule.Warmup >= options.Epochs)
            throw new InputException(
                "The warm-up is as long as the training.",
                "training.schedule.warmup-epochs", $"{options.Schedule.Warmup}", $"below {options.Epochs}, the epochs", "correct one of them");
        if (options.Milestones is { } milestones && (milestones.Distinct().Count() < milestones.Count || milestones.Any(epoch => epoch >= options.Epochs)))
            throw new InputException(
                "A milestone is no epoch of its own before the last.", "training.milestones", string.Join(", ", milestones), $"each once, below {options.Epochs}, the epochs",
                "leave the last epoch out: its model is the result");
        if (options is { Milestones: not null, EarlyStop: not null })
            throw new InputException(
                "A training that may stop early may never come to its milestones.", "training.milestones", "early-stop beside milestones", remedy: "remove one");
        RequireMeasurable(options, data);
    }

    private static void RequireMeasurable(TrainingOptions options, TrainingData data)
    {
        if (data.Validation is null && (options.KeepsBest || options.EarlyStop is not null))
            throw new InputException(
                "Keeping the best weights, or stopping early, needs a validation set.",
                where: options.EarlyStop is null ? "training.keep" : "training.early-stop",
                remedy: "name a validation set");
        if (data.ValidationCache is null && options.EarlyStop?.Metric is "agreement" or "kl")
            throw new InputException(
                "Agreement with the teacher can be watched only with its logits for the validation set.",
                where: "training.early-stop.metric",
                remedy: "watch errors or nll");
    }
}
