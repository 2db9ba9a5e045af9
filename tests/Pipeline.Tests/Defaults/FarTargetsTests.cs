using System.Text.Json;
using OnnxKd.Core.Onnx;
using OnnxKd.Pipeline.Tests.Support;

namespace OnnxKd.Pipeline.Tests.Defaults;

/// <summary>Teachers whose values spread over orders of magnitude: amounts, counts, anything that ends in an exponential.</summary>
public sealed class FarTargetsTests : IDisposable
{
    private const int Features = 16;

    private readonly TemporaryFolder folder = new();
    private readonly string[] arguments;

    /// <summary>The teacher gives exp(z), z being normal with deviation 2.</summary>
    public FarTargetsTests()
    {
        foreach (var (name, rows, seed) in new[] { ("train", 2_000, 1), ("test", 500, 2) })
        {
            var random = new Random(seed);
            Npy.Write(folder[$"{name}.npy"], [.. Enumerable.Range(0, rows * Features).Select(_ => (float)Enumerable.Range(0, 12).Sum(_ => random.NextDouble() - 0.5))], rows, 4, 4);
        }

        arguments =
        [
            "run", "--runs", folder["runs"], "--teacher", LinearModel.Write(folder["prices.onnx"], classes: 1, activation: "Exp"), "--kind", "values",
            "--samples", folder["train.npy"], "--test-samples", folder["test.npy"], "--threads", "1", "--set", "student.architecture=mlp", "--quick",
        ];
    }

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Run_LearnsThemByTheirLogarithms_AndGivesThem()
    {
        var run = Cli.Done([.. arguments, "--name", "prices"]);

        Assert.Contains("the student learns them by their logarithms", run.Error);
        using var metrics = JsonDocument.Parse(File.ReadAllText(folder["runs/prices/metrics.json"]));
        Assert.InRange(Figures.Of(metrics.RootElement, "student").GetProperty("r_squared").GetDouble(), 0.95, 1);
        Assert.Contains(OnnxModel.Load(folder["runs/prices/student.onnx"]).Proto.Graph.Node, node => node.OpType == "Exp");
    }

    [Fact]
    public void Run_WithoutPullIn_LearnsThemAsTheyAre()
    {
        var run = Cli.Run([.. arguments, "--name", "plain", "--set", "objective=[{mse: {pull-in: false}}]"]);

        Assert.DoesNotContain("logarithms", run.Error);
        Assert.DoesNotContain(OnnxModel.Load(folder["runs/plain/student.onnx"]).Proto.Graph.Node, node => node.OpType == "Exp");
    }
}
