using OnnxKd.StudentTrainer.Cpu;
using OnnxKd.StudentTrainer.Graph;
using OnnxKd.StudentTrainer.Graph.Import;
using OnnxKd.StudentTrainer.Students;
using OnnxKd.StudentTrainer.Tests.Support;
using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Tests.Cpu;

/// <summary>A whole network and its loss with and without what is made for the CPU.</summary>
public sealed class CpuPathsTests
{
    [Theory]
    [InlineData("cnn")]
    [InlineData("resnet20")]
    public void Network_OnEitherPath_GivesTheSameLossAndGradients(string architecture)
    {
        using var scope = NewDisposeScope();
        int[] sample = [3, 32, 32];
        var graph = StudentGraph.Import(Architectures.Build(new() { Architecture = architecture }, sample, 10, seed: 1));
        var program = graph.CompileForTraining([graph.FindLogits()], mixed: false);
        var samples = tensor(Numbers.Uniform(1, 8 * 3 * 32 * 32), [8, 3, 32, 32]);
        var teacher = tensor(Numbers.Uniform(2, 8 * 10, -5, 5), [8, 10]);

        var (loss, gradients) = Run(isOn: true);
        var (plainLoss, plainGradients) = Run(isOn: false);

        // The same sums in another order. Through twenty layers rounding adds up, and it puts a few values on the other side of a Relu's
        // corner: so gradients are compared by their length, not value by value.
        Assert.Equal(plainLoss, loss, 1e-4 * Math.Abs(plainLoss));
        foreach (var (expected, actual) in plainGradients.Zip(gradients))
            Assert.InRange(Length(expected.Zip(actual, (a, b) => a - b)), 0, 0.02 * Length(expected));

        static double Length(IEnumerable<double> values) => Math.Sqrt(values.Sum(value => value * value));

        (double Loss, double[][] Gradients) Run(bool isOn)
        {
            var before = CpuPaths.AreOn;
            CpuPaths.AreOn = isOn;
            try
            {
                using var weights = WeightSet.Load(program.Plan, CPU, trainable: true);
                var logits = program.Logits(weights, samples, training: true);
                Assert.Equal(isOn, CpuPaths.Divergence(logits, teacher, 4) is not null);
                var loss = new StudentTrainer.Signals.DenseScores(teacher).Divergence(logits, 4);
                loss.backward();
                return (loss.item<float>(), [.. weights.Parameters.Select(p => p.Tensor.grad!.to(float64).data<double>().ToArray())]);
            }
            finally
            {
                CpuPaths.AreOn = before;
            }
        }
    }
}
