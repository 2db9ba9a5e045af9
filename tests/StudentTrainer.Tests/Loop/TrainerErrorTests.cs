using OnnxKd.Core.Errors;
using OnnxKd.Core.Preparation.Steps;
using OnnxKd.StudentTrainer.Optimizers;
using OnnxKd.StudentTrainer.Terms;
using OnnxKd.StudentTrainer.Tests.Support;
using OnnxKd.StudentTrainer.Training;

namespace OnnxKd.StudentTrainer.Tests.Loop;

/// <summary>Each kind of bad input: the type of the error, what it names, and that nothing was written before it.</summary>
public sealed class TrainerErrorTests : IDisposable
{
    private readonly Toy toy = new();

    public void Dispose() => toy.Dispose();

    public static TheoryData<string, TrainingOptions> WrongOptions => new()
    {
        { "training.epochs", Toy.Options with { Epochs = 0 } },
        { "training.batch-size", Toy.Options with { BatchSize = 0 } },
        { "training.threads", Toy.Options with { Threads = 0 } },
        { "training.clip-norm", Toy.Options with { ClipNorm = -1 } },
        { "training.max-norm", Toy.Options with { MaxNorm = double.NaN } },
        { "training.average-decay", Toy.Options with { AverageDecay = 1 } },
        { "float32, bfloat16", Toy.Options with { Precision = "bf16" } },
        { "last, best", Toy.Options with { Keep = "bset" } },
        { "training.optimizer.learning-rate", Toy.Options with { Optimizer = new SgdOptions { LearningRate = 0 } } },
        { "training.optimizer.momentum", Toy.Options with { Optimizer = new SgdOptions { Momentum = 1 } } },
        { "training.optimizer.weight-decay", Toy.Options with { Optimizer = new SgdOptions { WeightDecay = -0.1 } } },
        { "training.schedule.warmup-epochs", Toy.Options with { Schedule = new CosineSchedule { WarmupEpochs = 3 } } },
        { "training.schedule.rise-share", Toy.Options with { Schedule = new OneCycleSchedule { RiseShare = 1 } } },
        { "training.schedule.milestones", Toy.Options with { Schedule = new StepSchedule { Milestones = [0] } } },
        { "training.keep", Toy.Options with { Keep = "best" } },
        { "training.early-stop", Toy.Options with { EarlyStop = new() { Patience = 1 } } },
        { "training.augmentation", Toy.Options with { Augmentation = new(new ShiftStep(1)) } },
        { "device", Toy.Options with { Device = "tpu" } },
        { "cuda:99", Toy.Options with { Device = "cuda:99" } },
    };

    [Theory]
    [MemberData(nameof(WrongOptions))]
    public void Train_OfWrongOption_NamesIt(string message, TrainingOptions options) =>
        Refused<InputException>(message, Toy.Soft, toy.Data, options);

    [Fact]
    public void Train_OfSoftTermWithoutTeacher_IsRefused() =>
        Refused<InputException>("'soft'", Toy.Soft, toy.Data with { Cache = null });

    [Fact]
    public void Train_OfHardTermWithoutLabels_IsRefused()
    {
        using var unlabelled = new Toy(labelled: false);
        Refused<InputException>("'hard'", [.. Toy.Soft, .. Toy.Hard], unlabelled.Data);
    }

    [Fact]
    public void Train_OfUnlabelledSetWithSoftTerm_Works()
    {
        using var unlabelled = new Toy(labelled: false);
        Assert.Equal(3, unlabelled.Train(Toy.Mlp(), unlabelled.Data, Toy.Soft, Toy.Options).Epochs.Count);
    }

    [Fact]
    public void Train_OfUnlabelledEvaluation_IsRefused()
    {
        using var unlabelled = new Toy(labelled: false);
        Refused<InputException>("has no labels, and there is no teacher", Toy.Soft, toy.Data with { Validation = unlabelled.Transfer });
    }

    [Fact]
    public void Train_OfEvaluationOfOtherShape_SaysBothShapes()
    {
        using var other = toy.Set("other", new float[30], [5, 3], [0, 1]);
        Refused<InputException>("[4, 4] and [5, 3]", Toy.Soft, toy.Data with { Validation = other });
    }

    [Fact]
    public void Train_OfCacheOfOtherSamples_IsRefused()
    {
        using var other = new Toy(seed: 2);
        Refused<CheckFailedException>("samples_digest", Toy.Soft, toy.Data with { Cache = other.Cache });
    }

    [Fact]
    public void Train_OfTeacherWithOtherClasses_SaysBothNumbers()
    {
        using var four = toy.CacheOf(toy.Transfer, new float[Toy.Samples * 4], 4, seed: 1);
        Refused<InputException>("student [3], teacher [4]", Toy.Soft, toy.Data with { Cache = four });
    }

    [Fact]
    public void Train_OfLabelOutOfRange_NamesSample()
    {
        using var set = toy.Set("labels", new float[32], [4, 4], [0, 3]);
        Refused<InputException>("labels of sample 1", Toy.Hard, new(set, toy.Data.Preprocessing, null, null));
    }

    [Fact]
    public void Train_OfSamplesThatDoNotFit_SaysBothShapes()
    {
        using var set = toy.Set("shape", new float[30], [5, 3], [0, 1]);
        Refused<InputException>("[5, 3]", Toy.Hard, new(set, toy.Data.Preprocessing, null, null));
    }

    [Fact]
    public void Train_OfStudentThatEndsInSigmoidOnClasses_IsRefused()
    {
        var student = new NodeModel(17, "N", 4, 4).Floats("w", new float[48], 16, 3)
            .Node("Flatten", "x", "f").Node("MatMul", "f w", "z").Node("Sigmoid", "z", "y").Build();
        var error = Assert.Throws<InputException>(() => toy.Train(student, toy.Data, Toy.Soft, Toy.Options));
        Assert.Contains("scores of independent labels", error.Message);
        Assert.Contains("binary", error.Message);
    }

    [Fact]
    public void Train_OfWeightWithoutGradient_NamesIt()
    {
        var student = new NodeModel(17, "N", 4, 4).Floats("w", new float[48], 16, 3).Floats("idle", new float[48], 16, 3)
            .Node("Flatten", "x", "f").Node("MatMul", "f idle", "measured").Node("Shape", "measured", "s")
            .Node("MatMul", "f w", "z").Node("Reshape", "z s", "y").Build();
        var error = Assert.Throws<UnsupportedModelException>(() => toy.Train(student, toy.Data, Toy.Soft, Toy.Options));
        Assert.Contains("'idle'", error.Message);
    }

    [Fact]
    public void Train_OfStudentWithoutWeights_IsRefused()
    {
        using var set = toy.Set("flat", new float[6], [3], [0, 1]);
        var student = new NodeModel(17, "N", 3).Node("Relu", "x", "y").Build();
        var error = Assert.Throws<UnsupportedModelException>(() =>
            toy.Train(student, new(set, toy.Data.Preprocessing, null, null), Toy.Hard, Toy.Options));
        Assert.Contains("nothing to learn", error.Message);
    }

    [Fact]
    public void Train_ThatDiverges_SaysWhereAndKeepsLastGoodCheckpoint()
    {
        var samples = Numbers.Uniform(1, 40 * 16);
        samples.AsSpan(33 * 16, 16).Fill(float.MaxValue); // finite, and its scores are not
        using var set = toy.Set("poisoned", samples, [4, 4], [.. Enumerable.Range(0, 40).Select(i => i % 3)]);
        var error = Assert.Throws<CheckFailedException>(() => Run(set, Toy.Options with { Epochs = 2, BatchSize = 1 }));
        Assert.Matches(@"epoch 1, step \d+, first samples of the batch: \[33\]", error.Message);
        Assert.Contains("term 'hard' is NaN", error.Message); // infinity minus infinity
        Assert.False(File.Exists(Path.Combine(toy.Folder("run"), "last.safetensors")));
    }

    [Fact]
    public void Train_OfGradientThatOverflows_IsStoppedBeforeItIsSaved()
    {
        using var set = toy.Set("huge", [.. Enumerable.Repeat(1e30f, 16)], [4, 4], [0]);
        var options = new TrainingOptions { Epochs = 2, BatchSize = 1, Device = "cpu", Optimizer = new SgdOptions { LearningRate = 1e30 } };
        var data = new TrainingData(set, toy.Data.Preprocessing, null, null);
        var error = Assert.Throws<CheckFailedException>(() => toy.Train(Toy.Linear(), data, Toy.Hard, options));
        Assert.Contains("a gradient made a weight", error.Message);
        Assert.Contains("epoch 1", error.Message);
        Assert.False(File.Exists(Path.Combine(toy.Folder("run"), "last.safetensors")));
    }

    private TrainedStudent Run(Core.TransferSets.TransferSet set, TrainingOptions options) =>
        toy.Train(Toy.Mlp(), new(set, toy.Data.Preprocessing, null, null), Toy.Hard, options);

    private void Refused<T>(string message, IReadOnlyList<Term> objective, TrainingData data, TrainingOptions? options = null)
        where T : OnnxKdException
    {
        Assert.Contains(message, Assert.Throws<T>(() => toy.Train(Toy.Mlp(), data, objective, options ?? Toy.Options)).Message);
        Assert.False(Directory.Exists(toy.Folder("run")));
    }
}
