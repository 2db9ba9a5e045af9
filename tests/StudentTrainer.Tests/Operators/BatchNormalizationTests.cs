using OnnxKd.Core.Errors;
using OnnxKd.Core.Tensors;
using OnnxKd.StudentTrainer.Graph;
using OnnxKd.StudentTrainer.Tests.Support;
using TorchSharp;

namespace OnnxKd.StudentTrainer.Tests.Operators;

/// <summary>Training mode against the formulas of ONNX's BatchNormalization-15, in double.</summary>
public class BatchNormalizationTests
{
    private const double Momentum = 0.8;
    private const double Epsilon = 1e-3;

    [Fact]
    public void Training_OfBatch_NormalizesWithBatchAndUpdatesByOnnxRule()
    {
        var values = Numbers.Uniform(1, 2 * 1 * 5, -3, 5);
        var mean = values.Average(value => (double)value);
        var population = values.Average(value => (value - mean) * (value - mean));

        var (result, runningMean, runningVariance) = Train(values, [2, 1, 5]);

        var expected = values.Select(value => (value - mean) / Math.Sqrt(population + Epsilon) * 1.5 + 0.5);
        Near.Equal(expected.ToArray(), result, 1e-5);
        Assert.Equal(2 * Momentum + mean * (1 - Momentum), runningMean, 5);
        Assert.Equal(3 * Momentum + population * (1 - Momentum), runningVariance, 5);
    }

    [Fact]
    public void Training_OfSingleValue_HasNoVariance()
    {
        var (result, runningMean, runningVariance) = Train([7], [1, 1, 1]);
        Assert.Equal(0.5, result[0], 4); // rounding of the mean, times scale ÷ √epsilon
        Assert.Equal(2 * Momentum + 7 * (1 - Momentum), runningMean, 5);
        Assert.Equal(3 * Momentum, runningVariance, 5);
    }

    /// <summary>The old <c>spatial</c> 0 keeps statistics per element of a sample.</summary>
    [Theory]
    [InlineData(0, 2, 3)]
    [InlineData(1, 2)]
    public void Evaluation_OfSpatial_EqualsOnnxRuntime(int spatial, params int[] kept)
    {
        long[] shape = Array.ConvertAll(kept, size => (long)size);
        var count = kept.Aggregate(1, (product, size) => product * size);
        double[] variances = [.. Enumerable.Range(1, count).Select(i => i * 0.5)];
        new NodeCase(7, "BatchNormalization", ("spatial", spatial), ("epsilon", 0.01))
            .Floats(4, 2, 3).Floats(shape).Floats(shape).Floats(shape).Input(ElementType.Float32, shape, variances).RequireParity(1e-5);
    }

    [Fact]
    public void Evaluation_OfHalves_EqualsOnnxRuntime() =>
        new NodeCase(15, "BatchNormalization").Input(ElementType.Float16, [1, 2, 2], 1, -2, 3, 4).Input(ElementType.Float16, [2], 1, 2)
            .Input(ElementType.Float16, [2], 0, 1).Input(ElementType.Float16, [2], 2, -1).Input(ElementType.Float16, [2], 1, 4)
            .RequireParity(5e-3);

    /// <summary>A graph that was exported for training says batch statistics; evaluation follows it and changes nothing.</summary>
    [Fact]
    public void Evaluation_OfTrainingMode_EqualsOnnxRuntime() =>
        new NodeCase(15, "BatchNormalization", ("training_mode", 1), ("momentum", 0.7)).Floats(4, 2, 3).Floats(2).Floats(2).Floats(2)
            .Input(ElementType.Float32, [2], 0.5, 2).Outputs(3).RequireParity(1e-5);

    [Fact]
    public void Compile_OfStatisticsOutsideTrainingMode_IsRefused()
    {
        var test = new NodeCase(15, "BatchNormalization").Floats(4, 2).Floats(2).Floats(2).Floats(2).Floats(2).Outputs(3);
        Assert.Contains("only in training mode", Assert.Throws<UnsupportedModelException>(test.Compile).Message);
    }

    [Fact]
    public void Training_OfStatisticsThatAreRead_HandsOutTheUpdatedOnes()
    {
        using var scope = torch.NewDisposeScope();
        var model = new NodeModel(15, "N", 1).Floats("s", [1], 1).Floats("b", [0], 1).Floats("m", [2], 1).Floats("v", [3], 1)
            .Node("BatchNormalization", "x s b m v", "y mean variance", ("training_mode", 1), ("momentum", Momentum)).Build();
        var graph = model.Proto.Graph;
        var program = GraphCompiler.Compile(graph, 15, ["y", "mean", "variance"]);
        using var weights = WeightSet.Load(program.Plan, torch.CPU, trainable: true);
        var results = program.Run(weights, [torch.tensor([1f, 3], [2, 1])], training: true);
        Assert.Equal(2 * Momentum + 2 * (1 - Momentum), results[1].item<float>(), 5);
        Assert.Equal(3 * Momentum + 1 * (1 - Momentum), results[2].item<float>(), 5);
    }

    private static (double[] Result, double Mean, double Variance) Train(float[] values, long[] shape)
    {
        using var scope = torch.NewDisposeScope();
        var model = new NodeModel(15, "N", 1, "L").Floats("s", [1.5f], 1).Floats("b", [0.5f], 1).Floats("m", [2], 1).Floats("v", [3], 1)
            .Node("BatchNormalization", "x s b m v", "y", ("momentum", Momentum), ("epsilon", Epsilon)).Build();
        var program = Programs.Compile(model);
        using var weights = WeightSet.Load(program.Plan, torch.CPU, trainable: true);
        var result = program.Run(weights, torch.tensor(values, shape), training: true)[0];
        result.sum().backward(); // the statistics were updated in place: autograd must not mind
        return (
            Array.ConvertAll(result.data<float>().ToArray(), value => (double)value), weights[2].item<float>(), weights[3].item<float>());
    }
}
