using OnnxKd.Core.Onnx;
using OnnxKd.Core.Preparation;
using OnnxKd.Core.Preparation.Steps;
using OnnxKd.Core.Progress;
using OnnxKd.StudentTrainer.Optimizers;
using OnnxKd.StudentTrainer.Terms;
using OnnxKd.StudentTrainer.Tests.Support;
using TorchSharp;

namespace OnnxKd.StudentTrainer.Tests.Loop;

public sealed class TrainerTests : IDisposable
{
    private readonly Toy toy = new();

    public void Dispose() => toy.Dispose();

    [Theory]
    [InlineData("sgd", 0.2)]
    [InlineData("adam", 0.02)]
    [InlineData("adamw", 0.02)]
    public void Train_OfSoftTargets_LearnsTeacher(string optimizer, double learningRate)
    {
        var options = Toy.Options with
        {
            Epochs = 60, Optimizer = Toy.Optimizer(optimizer, learningRate), Schedule = new CosineSchedule(),
        };
        var result = toy.Train(Toy.Mlp(), toy.Data, Toy.Soft, options);
        Assert.Equal(60, result.Epochs.Count);
        Assert.InRange(result.Epochs[^1].Loss, 0, 0.02 * result.Epochs[0].Loss);
        Assert.Equal(result.Epochs[^1].Loss, result.Epochs[^1].Terms["soft"], 6);
    }

    [Fact]
    public void Train_OfHardLabelsWithoutTeacher_LearnsLabels()
    {
        var data = toy.Data with { Cache = null, Validation = toy.Transfer };
        var options = Toy.Options with { Epochs = 60, Optimizer = new SgdOptions { LearningRate = 0.1 } };
        var result = toy.Train(Toy.Mlp(), data, Toy.Hard, options);
        Assert.InRange(result.Epochs[^1].Errors!.Value, 0, 2);
        Assert.Null(result.Epochs[^1].Agreement);
    }

    [Fact]
    public void Train_OfCnn_ExportsWhatOnnxRuntimeComputes()
    {
        var result = toy.Train(Toy.Cnn(), toy.Data with { Validation = toy.Validation }, Toy.Soft, Toy.Options with { AverageDecay = 0.9 });
        Oracle.RequireParity(result.Model, Numbers.Uniform(5, 7 * 16, 0), [7, 4, 4]);
    }

    /// <summary>One full batch, plain gradient descent, one linear layer: the step can be worked out by hand, in double.</summary>
    [Fact]
    public void Train_OfOneStep_FollowsGradient()
    {
        var options = Toy.Options with { Epochs = 1, BatchSize = Toy.Samples, Optimizer = new SgdOptions { LearningRate = 0.5, Momentum = 0 } };
        var result = toy.Train(Toy.Linear(), toy.Data, Toy.Hard, options);

        var pixels = new float[Toy.Samples * 16];
        toy.Transfer.Read([.. Enumerable.Range(0, Toy.Samples).Select(i => (long)i)], pixels);
        var expected = new double[48];
        for (var i = 0; i < Toy.Samples; i++)
        {
            for (var pixel = 0; pixel < 16; pixel++)
            {
                for (var k = 0; k < 3; k++)
                    expected[pixel * 3 + k] -= 0.5 * pixels[i * 16 + pixel] * (1.0 / 3 - (toy.Labels[i] == k ? 1 : 0)) / Toy.Samples;
            }
        }
        var weights = result.Model.Proto.Graph.Initializer[0].ToFloats();
        Near.Equal(expected, Array.ConvertAll(weights, weight => (double)weight), 1e-6);
        Assert.Equal(Math.Log(3), result.Epochs[0].Loss, 5);
    }

    /// <summary>The same with views that are mixed from two samples: labels are mixed in the same shares.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Train_OfMixedViews_FollowsTheGradientOfMixedLabels(bool cutMix)
    {
        var augmentation = new Augmentation(cutMix ? new CutMixStep(1) : new MixupStep(1));
        var options = Toy.Options with
        {
            Epochs = 1, BatchSize = Toy.Samples, Augmentation = augmentation, Seed = 4,
            Optimizer = new SgdOptions { LearningRate = 0.5, Momentum = 0 },
        };
        var result = toy.Train(Toy.Linear(), toy.Data with { Cache = null }, Toy.Hard, options);

        var reader = new SampleReader(toy.Transfer, Preprocessing.None, augmentation, 4);
        var pixels = new float[Toy.Samples * 16];
        reader.Read([.. Enumerable.Range(0, Toy.Samples).Select(i => (long)i)], 0, pixels);
        var expected = new double[48];
        for (var i = 0; i < expected.Length * Toy.Samples; i++)
        {
            var (sample, (pixel, k)) = (i / 48, (i % 48 / 3, i % 3));
            var pair = reader.PairOf(sample, 0);
            var target = pair.Lambda * (toy.Labels[sample] == k ? 1 : 0) + (1 - pair.Lambda) * (toy.Labels[pair.Partner] == k ? 1 : 0);
            expected[pixel * 3 + k] -= 0.5 * pixels[sample * 16 + pixel] * (1.0 / 3 - target) / Toy.Samples;
        }
        var weights = result.Model.Proto.Graph.Initializer[0].ToFloats();
        Near.Equal(expected, Array.ConvertAll(weights, weight => (double)weight), 1e-6);
    }

    [Fact]
    public void Train_OfSameSeed_GivesSameBytes()
    {
        var options = Toy.Options with { AverageDecay = 0.99, Optimizer = new AdamOptions { LearningRate = 0.01 } };
        var bytes = new ulong[] { 5, 5, 6 }.Select((seed, i) =>
            toy.Train(Toy.Mlp(0.1, 0.5), toy.Data, Toy.Soft, options with { Seed = seed }, $"run{i}").Model.ToBytes()).ToArray();
        Assert.Equal(bytes[0], bytes[1]);
        Assert.NotEqual(bytes[0], bytes[2]);
    }

    [Fact]
    public void Train_OfFiftySteps_KeepsTensorCountFlat()
    {
        var counts = new List<long>();
        var progress = new Watch(p => counts.Add(torch.Tensor.TotalCount));
        var options = Toy.Options with
        {
            Epochs = 60, ClipNorm = 1, MaxNorm = 3, AverageDecay = 0.9, Optimizer = new AdamOptions { LearningRate = 0.01 },
        };
        var before = Tensors.CountAlive();
        toy.Train(Toy.Cnn(), toy.Data with { Validation = toy.Validation }, Toy.Soft, options, progress: progress);
        var betweenEpochs = counts.Where((_, i) => i >= 10).ToArray();
        Assert.InRange(betweenEpochs.Length, 50, 100);
        Assert.Equal(betweenEpochs[0], betweenEpochs[^1]);
        Assert.Equal(before, torch.Tensor.TotalCount);
    }

    /// <summary>Targets of view 1 contradict those of view 0: only a training that pairs epochs and views can fit both.</summary>
    [Fact]
    public void Train_OfCacheWithViews_PairsSamplesAndLogitsOfEpoch()
    {
        var augmentation = new Augmentation(new ShiftStep(1));
        var reader = new SampleReader(toy.Transfer, Preprocessing.None, augmentation, 9);
        var logits = new List<float>();
        for (uint view = 0; view < 2; view++)
        {
            var pixels = new float[Toy.Samples * 16];
            reader.Read([.. Enumerable.Range(0, Toy.Samples).Select(i => (long)i)], view, pixels);
            logits.AddRange(pixels.Chunk(16).SelectMany(image => new[] { 4 * image[5], 4 * image[6], 4 * image[9] }));
        }
        using var cache = toy.CacheOf(toy.Transfer, [.. logits], 3, views: 2, augmentation, seed: 9);
        var options = Toy.Options with
        {
            Epochs = 80, Optimizer = new AdamOptions { LearningRate = 0.02 }, Schedule = new CosineSchedule(),
        };
        var result = toy.Train(Toy.Linear(), toy.Data with { Cache = cache }, [new LogitMatchingTerm()], options);
        Assert.InRange(result.Epochs[^1].Loss, 0, 0.01 * result.Epochs[0].Loss);
        Assert.InRange(result.Epochs[^2].Loss, 0, 0.01 * result.Epochs[0].Loss);
    }

    [Fact]
    public void Train_WithValidationCache_MeasuresAgreement()
    {
        using var validationCache = toy.CacheOf(toy.Validation, [.. Enumerable.Repeat(new[] { 1f, 0, 0 }, 20).SelectMany(row => row)], 3);
        var data = toy.Data with { Validation = toy.Validation, ValidationCache = validationCache };
        // The first class wins by very little for every sample, as the teacher says.
        var weights = Enumerable.Range(0, 16 * 3).Select(i => i % 3 == 0 ? 1e-7f : 0).ToArray();
        var student = new NodeModel(17, "N", 4, 4).Floats("w", weights, 16, 3)
            .Node("Flatten", "x", "f").Node("Abs", "f", "a").Node("MatMul", "a w", "y").Build();
        var result = toy.Train(student, data, Toy.Soft, Toy.Options with { Epochs = 1, Optimizer = new SgdOptions { LearningRate = 1e-50 } });
        Assert.Equal(1, result.Epochs[0].Agreement);
        Assert.Equal(13, result.Epochs[0].Errors); // labels 0, 1, 2, 0, …: 7 of 20 are 0
        Assert.Equal(Math.Log(3), result.Epochs[0].Nll!.Value, 5);
    }

    [Fact]
    public void Train_UntilNoBetter_StopsAndKeepsBest()
    {
        var options = Toy.Options with
        {
            Epochs = 50, Keep = "best", EarlyStop = new() { Patience = 3, Metric = "nll" }, Optimizer = new SgdOptions { LearningRate = 0.3 },
        };
        var result = toy.Train(Toy.Mlp(), toy.Data with { Validation = toy.Validation }, Toy.Soft, options);
        var best = Enumerable.Range(0, result.Epochs.Count).MinBy(i => result.Epochs[i].Nll);
        Assert.InRange(result.Epochs.Count, 4, 49);
        Assert.Equal(result.Epochs.Count - 4, best);

        var again = toy.Train(Toy.Mlp(), toy.Data with { Validation = toy.Validation }, Toy.Soft, options with { Epochs = 50 });
        Assert.Equal(result.Model.ToBytes(), again.Model.ToBytes());
        var untilBest = options with { Epochs = best + 1, EarlyStop = null, Keep = "last" };
        var shorter = toy.Train(Toy.Mlp(), toy.Data with { Validation = toy.Validation }, Toy.Soft, untilBest, "shorter");
        Assert.Equal(shorter.Model.ToBytes(), result.Model.ToBytes());
    }

    [Fact]
    public void Train_WithMaxNorm_LimitsEveryUnit()
    {
        var result = toy.Train(Toy.Mlp(), toy.Data, Toy.Soft, Toy.Options with { Epochs = 20, MaxNorm = 0.5 });
        var weights = result.Model.Proto.Graph.Initializer.Single(tensor => tensor.Name == "hidden1.weight").ToFloats();
        var norms = weights.Chunk(16).Select(unit => Math.Sqrt(unit.Sum(weight => weight * weight))).ToArray();
        Assert.InRange(norms.Max(), 0.49, 0.5 + 1e-5);
    }

    [Fact]
    public void Train_WithProgress_ReportsEpochsAndWritesEvents()
    {
        var reports = new List<StageProgress>();
        toy.Train(Toy.Mlp(), toy.Data with { Validation = toy.Validation }, Toy.Soft, Toy.Options, progress: new Watch(reports.Add));
        Assert.Equal([1.0, 2, 3], reports.Select(report => report.Done));
        Assert.All(reports, report => Assert.Equal(("train", 3.0, "epochs"), (report.Stage, report.Total, report.Unit)));
        Assert.Matches(@"^loss \d+\.\d{4}, \d+ errors$", reports[^1].Detail!);
        var lines = File.ReadAllLines(Path.Combine(toy.Folder("run"), "events.jsonl"));
        Assert.Equal(3, lines.Length);
        Assert.StartsWith("{\"epoch\":3,\"learning_rate\":0.1,\"loss\":", lines[2]);
    }

    private sealed class Watch(Action<StageProgress> report) : IProgress<StageProgress>
    {
        public void Report(StageProgress value) => report(value);
    }
}
