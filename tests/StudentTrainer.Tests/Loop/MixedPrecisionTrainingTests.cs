using System.Runtime.InteropServices;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Progress;
using OnnxKd.StudentTrainer.Optimizers;
using OnnxKd.StudentTrainer.Tests.Support;
using OnnxKd.StudentTrainer.Training;
using TorchSharp;

namespace OnnxKd.StudentTrainer.Tests.Loop;

public sealed class MixedPrecisionTrainingTests : IDisposable
{
    private static readonly TrainingOptions Options = Toy.Options with { Precision = "bfloat16" };

    private readonly Toy toy = new();

    public void Dispose() => toy.Dispose();

    /// <summary>The same bounds as for float32 in TrainerTests; the loss is that of rounded logits, so its floor is higher.</summary>
    [Theory]
    [InlineData("sgd", 0.2)]
    [InlineData("adamw", 0.02)]
    public void Train_InBFloat16_LearnsTeacherAsInFloat32(string optimizer, double learningRate)
    {
        var options = Options with
        {
            Epochs = 60, Optimizer = Toy.Optimizer(optimizer, learningRate), Schedule = new CosineSchedule(),
        };
        var data = toy.Data with { Validation = toy.Transfer, ValidationCache = toy.Cache };
        var mixed = toy.Train(Toy.Mlp(), data, Toy.Soft, options, "mixed");
        var plain = toy.Train(Toy.Mlp(), data, Toy.Soft, options with { Precision = "float32" }, "plain");
        Assert.InRange(mixed.Epochs[^1].Loss, 0, 0.02 * mixed.Epochs[0].Loss);
        Assert.InRange(mixed.Epochs[^1].Errors!.Value, 0, plain.Epochs[^1].Errors!.Value + 2);
        Assert.InRange(mixed.Epochs[^1].Agreement!.Value, plain.Epochs[^1].Agreement!.Value - 0.02, 1);
        Assert.NotEqual(plain.Model.ToBytes(), mixed.Model.ToBytes());
    }

    [Fact]
    public void Train_OfCnnInBFloat16_ExportsWhatOnnxRuntimeComputesInFloat32()
    {
        var result = toy.Train(Toy.Cnn(), toy.Data with { Validation = toy.Validation }, Toy.Soft, Options with { AverageDecay = 0.9 });
        Oracle.RequireParity(result.Model, Numbers.Uniform(5, 7 * 16, 0), [7, 4, 4]);
    }

    /// <summary>
    /// Weights near 1 whose updates are below 2^-9, half of bfloat16's step there: kept in bfloat16 they would stay 1 for ever. One step of plain
    /// gradient descent moves them as in float32, up to the rounding of products and gradients.
    /// </summary>
    [Fact]
    public void Train_OfUpdatesBelowBFloat16_MovesWeights()
    {
        var student = new NodeModel(17, "N", 4, 4).Floats("w", [.. Enumerable.Repeat(1f, 48)], 16, Toy.Classes)
            .Node("Flatten", "x", "f").Node("MatMul", "f w", "y").Build();
        var options = Options with { Epochs = 1, BatchSize = Toy.Samples, Optimizer = new SgdOptions { LearningRate = 0.005, Momentum = 0 } };
        var mixed = Updates(options, "mixed");
        var plain = Updates(options with { Precision = "float32" }, "plain");
        Assert.All(mixed, update => Assert.InRange(Math.Abs(update), 1e-8, 1.0 / 512));
        Near.Equal(plain, mixed, 0.02 * plain.Max(Math.Abs));

        double[] Updates(TrainingOptions options, string name) => Array.ConvertAll(
            toy.Train(student, toy.Data, Toy.Hard, options, name).Model.Proto.Graph.Initializer[0].ToFloats(), weight => weight - 1.0);
    }

    [Fact]
    public void Train_OfSameSeed_GivesSameBytes()
    {
        var options = Options with { AverageDecay = 0.99, Optimizer = new AdamOptions { LearningRate = 0.01 } };
        var bytes = Enumerable.Range(0, 2).Select(i => toy.Train(Toy.Cnn(), toy.Data, Toy.Soft, options, $"run{i}").Model.ToBytes()).ToArray();
        Assert.Equal(bytes[0], bytes[1]);
    }

    [Theory]
    [InlineData(0.6)]
    [InlineData(2)]
    public void Train_Cancelled_GivesSameBytesAsUninterrupted(double epoch)
    {
        var options = Options with { BatchSize = 2, AverageDecay = 0.99, Optimizer = new AdamOptions { LearningRate = 0.01 } };
        var whole = toy.Train(Toy.Cnn(), toy.Data, Toy.Soft, options, "whole");
        using var cancellation = new CancellationTokenSource();
        var cancel = new Watch(p => { if (p.Done >= epoch) cancellation.Cancel(); });
        Assert.Throws<OperationCanceledException>(
            () => toy.Train(Toy.Cnn(), toy.Data, Toy.Soft, options, "cut", cancel, cancellation.Token));
        Assert.Equal(whole.Model.ToBytes(), toy.Train(Toy.Cnn(), toy.Data, Toy.Soft, options, "cut").Model.ToBytes());
    }

    [Fact]
    public void Train_OfCheckpointInOtherPrecision_IsRefused()
    {
        toy.Train(Toy.Mlp(), toy.Data, Toy.Soft, Toy.Options);
        var error = Assert.Throws<CheckFailedException>(() => toy.Train(Toy.Mlp(), toy.Data, Toy.Soft, Options));
        Assert.Contains("found:    options.precision \"float32\"", error.Message);
        Assert.Contains("expected: options.precision \"bfloat16\"", error.Message);
    }

    [Fact]
    public void Train_OfFiftySteps_KeepsTensorCountFlat()
    {
        var counts = new List<long>();
        var before = Tensors.CountAlive();
        toy.Train(
            Toy.Cnn(), toy.Data with { Validation = toy.Validation }, Toy.Soft, Options with { Epochs = 20, AverageDecay = 0.9 },
            progress: new Watch(_ => counts.Add(torch.Tensor.TotalCount)));
        Assert.Equal(20, counts.Count); // five steps each
        Assert.Equal(counts[9], counts[^1]);
        Assert.Equal(before, torch.Tensor.TotalCount);
    }

    [Fact]
    public void IsMixed_OfDeviceThatCannot_SaysWhatToDo()
    {
        var error = Assert.Throws<InputException>(
            () => TrainingPrecision.IsMixed(Options, torch.CPU, _ => throw new ExternalException("no such kernel")));
        Assert.Contains("training.precision", error.Message);
        Assert.Contains("no such kernel", error.Message);
        Assert.Contains("precision: float32", error.Message);
        Assert.False(TrainingPrecision.IsMixed(Toy.Options, torch.CPU, _ => throw new ExternalException("not asked")));
    }

    private sealed class Watch(Action<StageProgress> report) : IProgress<StageProgress>
    {
        public void Report(StageProgress value) => report(value);
    }
}
