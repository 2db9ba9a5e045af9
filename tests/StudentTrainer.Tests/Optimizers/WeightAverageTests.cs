using OnnxKd.StudentTrainer.Graph;
using OnnxKd.StudentTrainer.Graph.Import;
using OnnxKd.StudentTrainer.Operators;
using OnnxKd.StudentTrainer.Optimizers;
using OnnxKd.StudentTrainer.Students;
using OnnxKd.StudentTrainer.Tests.Support;
using TorchSharp;

namespace OnnxKd.StudentTrainer.Tests.Optimizers;

public class WeightAverageTests
{
    private const double Decay = 0.5;

    /// <summary>In float32 on the CPU the average is ours, in float64 (widened) it is libtorch's.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Update_OfFiveSteps_FollowsFormula(bool widen)
    {
        using var scope = torch.NewDisposeScope();
        using var grad = torch.no_grad();
        var graph = StudentGraph.Import(Architectures.Build(new() { Architecture = "mlp" }, [20], 10, 1));
        using var weights = WeightSet.Load(graph.Compile(graph.FindLogits()).Plan, torch.CPU, trainable: true, widen);
        using var average = new WeightAverage(weights, Decay);
        var expected = Values(weights);
        for (var step = 1; step <= 5; step++)
        {
            foreach (var (_, tensor) in weights.Trained)
                tensor.add_(torch.tensor(Numbers.Uniform(step, (int)tensor.numel())).reshape(tensor.shape));
            average.Update(step);
            var kept = Math.Min(Decay, (1.0 + step) / (10 + step));
            expected = [.. expected.Zip(Values(weights), (old, now) => kept * old + (1 - kept) * now)];
        }
        Near.Equal(expected, Values(average.Weights), widen ? 1e-13 : 2e-6);
    }

    private static double[] Values(WeightSet weights) =>
        [.. weights.Trained.SelectMany(pair => pair.Tensor.to(torch.float64).reshape(-1).Values<double>())];
}
