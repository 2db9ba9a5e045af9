using OnnxKd.StudentTrainer.Graph;
using OnnxKd.StudentTrainer.Optimizers;
using OnnxKd.StudentTrainer.Tests.Support;
using TorchSharp;

namespace OnnxKd.StudentTrainer.Tests.Optimizers;

public sealed class WeightConstraintsTests : IDisposable
{
    private readonly DisposeScope scope = torch.NewDisposeScope();

    public void Dispose() => scope.Dispose();

    [Theory]
    [InlineData(1, 0.2)]
    [InlineData(10, 1)]
    public void ClipNorm_OfJointNormFive_Scales(double limit, double factor)
    {
        var gradients = new[] { torch.tensor([3.0, 0]), torch.tensor([-4.0]) };
        WeightConstraints.ClipNorm(gradients, limit);
        Near.Equal([3 * factor, 0], gradients[0].data<double>().ToArray(), 1e-6);
        Near.Equal([-4 * factor], gradients[1].data<double>().ToArray(), 1e-6);
    }

    [Theory]
    [InlineData(0, new[] { 0.6, 0.8, 0.5, 0.0 })]
    [InlineData(1, new[] { 3 / 3.0413812651491097, 1.0, 0.5 / 3.0413812651491097, 0.0 })]
    public void LimitUnitNorms_OfMatrix_ScalesLongUnitsOnly(int unitAxis, double[] expected)
    {
        // Row norms 5 and 0.5; column norms √9.25 and 4.
        var weight = torch.tensor([3.0, 4, 0.5, 0], [2, 2]);
        WeightConstraints.LimitUnitNorms([(new PlannedWeight("w", WeightRole.Parameter, new(), unitAxis, []), weight)], 1);
        Near.Equal(expected, weight.data<double>().ToArray(), 1e-12);
    }

    [Fact]
    public void LimitUnitNorms_OfBias_LeavesIt()
    {
        var bias = torch.tensor([3.0, 4]);
        WeightConstraints.LimitUnitNorms([(new PlannedWeight("b", WeightRole.Parameter, new(), null, []), bias)], 1);
        Assert.Equal([3.0, 4], bias.data<double>().ToArray());
    }

    [Fact]
    public void WeightAverage_OfSteps_FollowsFormula()
    {
        using var gradient = torch.no_grad();
        var model = new NodeModel(17, "N", 2).Floats("w", [1, 2, 3, 4], 2, 2).Node("MatMul", "x w", "y").Build();
        using var weights = WeightSet.Load(Programs.Compile(model).Plan, torch.CPU, trainable: true);
        using var average = new WeightAverage(weights, decay: 0.25);
        var expected = 1.0;
        for (var step = 1; step <= 4; step++)
        {
            weights[0].add_(1);
            average.Update(step);
            var kept = Math.Min(0.25, (1.0 + step) / (10 + step));
            expected = kept * expected + (1 - kept) * (1 + step);
        }
        Assert.Equal(expected, average.Weights[0][0, 0].item<float>(), 5);
    }
}
