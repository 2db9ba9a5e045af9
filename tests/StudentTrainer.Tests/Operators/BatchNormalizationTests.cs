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
