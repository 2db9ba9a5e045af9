using OnnxKd.Benchmarks.Support;
using OnnxKd.StudentTrainer.Graph;
using OnnxKd.StudentTrainer.Graph.Import;
using OnnxKd.StudentTrainer.Loop;
using OnnxKd.StudentTrainer.Runtime;
using static TorchSharp.torch;

namespace OnnxKd.Benchmarks.Training;

/// <summary>
/// Gradients of one step with one thread and with two, against those in double precision: what rounding alone makes of them. A fault in one of
/// the ways would stand out from the distance that both have to the truth.
/// </summary>
internal static class StepRounding
{
    private const int Rows = 32;

    /// <summary>The largest difference between two gradients of a network, as a share of the largest gradient.</summary>
    public sealed record Result(string Network, double LargestGradient, double OneAgainstTwoThreads, double OneAgainstDouble, double TwoAgainstDouble);

    /// <summary>Runs it.</summary>
    public static object Run(Arguments arguments)
    {
        arguments.RefuseTheRest();
        var folder = Directory.CreateTempSubdirectory("onnxkd-bench-").FullName;
        try
        {
            return new { networks = new[] { ("resnet20", 32), ("mobilenetv2", 32), ("mobilenetv2", 64) }.Select(n => Compare(n.Item1, n.Item2, folder)).ToArray() };
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static Result Compare(string name, int side, string folder)
    {
        var network = new TrainingCase(name, [3, side, side], Rows, folder);
        var (one, two, truth) = (Gradient(network, side, 1, false), Gradient(network, side, 2, false), Gradient(network, side, 1, true));
        var largest = truth.Max(Math.Abs);
        return new($"{name}, {side} x {side}", largest, Distance(one, two), Distance(one, truth), Distance(two, truth));

        double Distance(double[] a, double[] b) => a.Zip(b, (x, y) => Math.Abs(x - y)).Max() / largest;
    }

    private static double[] Gradient(TrainingCase network, int side, int threads, bool widen)
    {
        using var scope = NewDisposeScope();
        var device = ComputeDevice.Open("cpu", threads);
        var graph = StudentGraph.Import(network.Model);
        var program = graph.Compile(graph.FindLogits());
        using var weights = WeightSet.Load(program.Plan, device, trainable: true, widen);
        var samples = tensor(network.Samples).reshape(Rows, 3, side, side);
        var logits = program.Graph.Run(weights, [widen ? samples.to(float64) : samples], training: true)[0];
        BackwardPass.Run(nn.functional.cross_entropy(logits, tensor(network.Labels)));
        return [.. weights.Parameters.SelectMany(pair => pair.Tensor.grad!.to(float64).reshape(-1).data<double>().ToArray())];
    }
}
