using OnnxKd.StudentTrainer.Graph;
using OnnxKd.StudentTrainer.Optimizers;
using OnnxKd.StudentTrainer.Tests.Support;
using TorchSharp;

namespace OnnxKd.StudentTrainer.Tests.Optimizers;

/// <summary>Five steps of each optimizer against its published formulas, in double.</summary>
public class OptimizerTests
{
    private const int Steps = 5;
    private const int Size = 6;
    private static readonly double[] Start = [.. Numbers.Uniform(1, Size)];

    [Theory]
    [InlineData(0, false, 0)]
    [InlineData(0.9, false, 0)]
    [InlineData(0.9, true, 0)]
    [InlineData(0.9, true, 0.01)]
    public void Sgd_OfFiveSteps_FollowsFormula(double momentum, bool nesterov, double decay)
    {
        var velocity = new double[Size];
        var expected = Simulate((i, w, g, rate, _) =>
        {
            g += decay * w;
            velocity[i] = momentum * velocity[i] + g;
            return w - rate * (nesterov ? g + momentum * velocity[i] : velocity[i]);
        });
        Near.Equal(expected, Run(new SgdOptions { Momentum = momentum, Nesterov = nesterov, WeightDecay = decay }, [2, 3]), 1e-12);
    }

    [Theory]
    [InlineData("adam", 0)]
    [InlineData("adam", 0.01)]
    [InlineData("adamw", 0.01)]
    public void Adam_OfFiveSteps_FollowsFormula(string name, double decay)
    {
        var options = name == "adamw" ? new AdamWOptions() : new AdamOptions();
        options = options with { Beta1 = 0.8, Beta2 = 0.95, Epsilon = 1e-3, WeightDecay = decay };
        var (first, second) = (new double[Size], new double[Size]);
        var expected = Simulate((i, w, g, rate, t) =>
        {
            if (name == "adamw")
                w -= rate * decay * w;
            else
                g += decay * w;
            first[i] = 0.8 * first[i] + 0.2 * g;
            second[i] = 0.95 * second[i] + 0.05 * g * g;
            var firstHat = first[i] / (1 - Math.Pow(0.8, t));
            var secondHat = second[i] / (1 - Math.Pow(0.95, t));
            return w - rate * firstHat / (Math.Sqrt(secondHat) + 1e-3);
        });
        Near.Equal(expected, Run(options, [2, 3]), 1e-12);
    }

    [Fact]
    public void WeightDecay_OfBias_IsNone() =>
        Assert.Equal(Run(new SgdOptions { WeightDecay = 0 }, [6]), Run(new SgdOptions { WeightDecay = 0.5 }, [6]));

    public static TheoryData<OptimizerOptions> Every =>
    [
        new SgdOptions { Momentum = 0 }, new SgdOptions { Nesterov = false, WeightDecay = 0.01 }, new SgdOptions { WeightDecay = 0.01 },
        new AdamOptions { WeightDecay = 0.01, Epsilon = 1e-3 }, new AdamWOptions { WeightDecay = 0.01, Epsilon = 1e-3 },
    ];

    [Fact]
    public void Adam_OfAParameterThatWasSkipped_CorrectsByItsOwnUpdates()
    {
        using var scope = torch.NewDisposeScope();
        using var grad = torch.no_grad();
        var (always, late) = (torch.zeros(1, torch.float64), torch.zeros(1, torch.float64));
        using var optimizer = new AdamOptions { Epsilon = 1e-12 }.Start([new("always", always), new("late", late)]);
        for (var step = 0; step < 100; step++)
            optimizer.Step([torch.full(1, 5.0, torch.float64), null], 0.1);
        Assert.Equal(0, late.item<double>());
        optimizer.Step([torch.full(1, 5.0, torch.float64), torch.full(1, -3.0, torch.float64)], 0.1);
        Assert.Equal(0.1, late.item<double>(), 6); // the first step is as long as the rate
    }

    /// <summary>Tensors of many sizes, some of which libtorch cuts into pieces for its threads.</summary>
    [Theory]
    [MemberData(nameof(Every))]
    public void Step_InFloat32_IsThatOfFloat64OnAnyThreads(OptimizerOptions options)
    {
        var expected = RunSeveral(options, torch.float64, threads: 1);
        var actual = RunSeveral(options, torch.float32, threads: 1);
        Near.Equal(expected, actual, 2e-6, $"{options}");
        Assert.Equal(actual, RunSeveral(options, torch.float32, threads: 4));
    }

    /// <summary>Tensors of several sizes, one of them of many pieces.</summary>
    private static double[] RunSeveral(OptimizerOptions options, torch.ScalarType type, int threads)
    {
        using var scope = torch.NewDisposeScope();
        using var grad = torch.no_grad();
        using var _ = new Threads(threads);
        long[][] shapes = [[], [1], [7], [3, 5], [300, 401], [2048], [64, 33, 3, 3]];
        var weights = Random(0);
        using var optimizer = options.Start([.. weights.Select((weight, i) => new NamedTensor($"w{i}", weight))]);
        for (var step = 1; step <= Steps; step++)
            optimizer.Step(Random(step), Rate(step));
        return [.. weights.SelectMany(weight => weight.to(torch.float64).reshape(-1).data<double>().ToArray())];

        torch.Tensor[] Random(int seed) => [.. shapes.Select((shape, i) => torch.tensor(
            Numbers.Uniform(100 * seed + i, (int)shape.Aggregate(1L, (product, size) => product * size))).reshape(shape).to(type))];
    }

    private static double Gradient(double weight, int step) => Math.Sin(3 * weight + step);

    private static double Rate(int step) => 0.1 / step;

    private static double[] Simulate(Func<int, double, double, double, int, double> update)
    {
        double[] weights = [.. Start];
        for (var step = 1; step <= Steps; step++)
        {
            for (var i = 0; i < Size; i++)
                weights[i] = update(i, weights[i], Gradient(weights[i], step), Rate(step), step);
        }
        return weights;
    }

    private static double[] Run(OptimizerOptions options, long[] shape)
    {
        using var scope = torch.NewDisposeScope();
        using var grad = torch.no_grad();
        var weights = torch.tensor(Start, shape);
        using var optimizer = options.Start([new("w", weights)]);
        for (var step = 1; step <= Steps; step++)
            optimizer.Step([weights.mul(3).add(step).sin()], Rate(step));
        return weights.data<double>().ToArray();
    }
}
