using OnnxKd.StudentTrainer.Training;
using YamlDotNet.RepresentationModel;

namespace OnnxKd.Pipeline.Recipes;

/// <summary>The key <c>training</c>: the student's, and the baseline's, which starts from the student's.</summary>
internal static class TrainingSection
{
    private const string None = "none";

    /// <summary>Reads the student's training.</summary>
    public static TrainingOptions Read(RecipeValue value, ulong seed, int channelAxis) =>
        Read(value, new() { Epochs = 0, Seed = seed }, channelAxis, requireEpochs: true);

    /// <summary>Reads what differs from other options.</summary>
    public static TrainingOptions Override(RecipeValue value, TrainingOptions options, int channelAxis) =>
        Read(value, options, channelAxis, requireEpochs: false);

    /// <summary>Writes it.</summary>
    public static YamlNode Write(TrainingOptions training) => YamlTree.Map(
        ("epochs", training.Epochs),
        ("batch-size", training.BatchSize),
        ("optimizer", Write(training.Optimizer)),
        ("schedule", Write(training.Schedule)),
        ("clip-norm", training.ClipNorm ?? (object)None),
        ("max-norm", training.MaxNorm ?? (object)None),
        ("average-decay", training.AverageDecay ?? (object)None),
        ("augmentation", AugmentationSection.Write(training.Augmentation)),
        ("early-stop", training.EarlyStop is { } stop ? YamlTree.Line(("patience", stop.Patience), ("metric", stop.Metric)) : None),
        ("keep", training.Keep),
        ("precision", training.Precision),
        ("device", training.Device),
        ("threads", training.Threads ?? (object)None));

    private static TrainingOptions Read(RecipeValue value, TrainingOptions defaults, int channelAxis, bool requireEpochs)
    {
        var map = value.Map(
            "epochs", "batch-size", "optimizer", "schedule", "clip-norm", "max-norm", "average-decay", "augmentation", "early-stop", "keep",
            "precision", "device", "threads");
        return defaults with
        {
            Epochs = requireEpochs ? map.Require("epochs").WholeNumber(1) : map.Read("epochs", defaults.Epochs, v => v.WholeNumber(1)),
            BatchSize = map.Read("batch-size", defaults.BatchSize, v => v.WholeNumber(1)),
            Optimizer = map.Read("optimizer", defaults.Optimizer, v => ReadOptimizer(v, defaults.Optimizer)),
            Schedule = map.Read("schedule", defaults.Schedule, v => ReadSchedule(v, defaults.Schedule)),
            ClipNorm = map.Read("clip-norm", defaults.ClipNorm, v => NumberOrNone(v, NumberRange.Above(0))),
            MaxNorm = map.Read("max-norm", defaults.MaxNorm, v => NumberOrNone(v, NumberRange.Above(0))),
            AverageDecay = map.Read("average-decay", defaults.AverageDecay, v => NumberOrNone(v, NumberRange.BelowOne)),
            Augmentation = map.Read("augmentation", defaults.Augmentation, v => AugmentationSection.Read(v, channelAxis)),
            EarlyStop = map.Read("early-stop", defaults.EarlyStop, v => v.IsNone ? null : ReadEarlyStop(v)),
            Keep = map.Read("keep", defaults.Keep, v => v.OneOf("last", "best")),
            Precision = map.Read("precision", defaults.Precision, v => v.OneOf("float32", "bfloat16")),
            Device = map.Read("device", defaults.Device, v => v.Text()),
            Threads = map.Read("threads", defaults.Threads, v => v.IsNone ? null : v.WholeNumber(1)),
        };
    }

    private static OptimizerOptions ReadOptimizer(RecipeValue value, OptimizerOptions defaults)
    {
        var map = value.Map("name", "learning-rate", "momentum", "nesterov", "weight-decay", "beta1", "beta2", "epsilon");
        return new()
        {
            Name = map.Read("name", defaults.Name, v => v.OneOf("sgd", "adam", "adamw")),
            LearningRate = map.Read("learning-rate", defaults.LearningRate, v => v.Number(NumberRange.Above(0))),
            Momentum = map.Read("momentum", defaults.Momentum, v => v.Number(NumberRange.BelowOne)),
            Nesterov = map.Read("nesterov", defaults.Nesterov, v => v.Flag()),
            WeightDecay = map.Read("weight-decay", defaults.WeightDecay, v => v.Number(NumberRange.AtLeast(0))),
            Beta1 = map.Read("beta1", defaults.Beta1, v => v.Number(NumberRange.BelowOne)),
            Beta2 = map.Read("beta2", defaults.Beta2, v => v.Number(NumberRange.BelowOne)),
            Epsilon = map.Read("epsilon", defaults.Epsilon, v => v.Number(NumberRange.Above(0))),
        };
    }

    private static YamlNode Write(OptimizerOptions optimizer) => YamlTree.Map(
        ("name", optimizer.Name),
        ("learning-rate", optimizer.LearningRate),
        ("momentum", optimizer.Momentum),
        ("nesterov", optimizer.Nesterov),
        ("weight-decay", optimizer.WeightDecay),
        ("beta1", optimizer.Beta1),
        ("beta2", optimizer.Beta2),
        ("epsilon", optimizer.Epsilon));

    private static ScheduleOptions ReadSchedule(RecipeValue value, ScheduleOptions defaults)
    {
        var map = value.Map("name", "warmup-epochs", "milestones", "gamma", "final-factor", "rise-share");
        return new()
        {
            Name = map.Read("name", defaults.Name, v => v.OneOf("constant", "step", "cosine", "one-cycle")),
            WarmupEpochs = map.Read("warmup-epochs", defaults.WarmupEpochs, v => v.Number(NumberRange.AtLeast(0))),
            Milestones = map.Read("milestones", defaults.Milestones, v => v.List(epoch => epoch.Number(NumberRange.Above(0)))),
            Gamma = map.Read("gamma", defaults.Gamma, v => v.Number(NumberRange.Above(0))),
            FinalFactor = map.Read("final-factor", defaults.FinalFactor, v => v.Number(NumberRange.Between(0, 1))),
            RiseShare = map.Read("rise-share", defaults.RiseShare, v => v.Number(NumberRange.Between(0, 1))),
        };
    }

    private static YamlNode Write(ScheduleOptions schedule) => YamlTree.Map(
        ("name", schedule.Name),
        ("warmup-epochs", schedule.WarmupEpochs),
        ("milestones", schedule.Milestones),
        ("gamma", schedule.Gamma),
        ("final-factor", schedule.FinalFactor),
        ("rise-share", schedule.RiseShare));

    private static EarlyStopOptions ReadEarlyStop(RecipeValue value)
    {
        var map = value.Map("patience", "metric");
        return new()
        {
            Patience = map.Require("patience").WholeNumber(1),
            Metric = map.Read("metric", "errors", v => v.OneOf("errors", "nll", "agreement")),
        };
    }

    private static double? NumberOrNone(RecipeValue value, NumberRange range) => value.IsNone ? null : value.Number(range);
}
