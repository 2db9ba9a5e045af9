using System.Diagnostics;
using OnnxKd.Benchmarks.Support;
using OnnxKd.StudentTrainer.Graph;
using static TorchSharp.torch;

namespace OnnxKd.Benchmarks.Training;

/// <summary>
/// The share of the machine's own rate of matrix products that a training step of the MLP reaches: the time of the bare products of the
/// same shapes in libtorch (forward; backward for the weights, and for the inputs of all layers but the first) ÷ the time of the step.
/// Both take turns.
/// </summary>
internal static class MatmulShare
{
    private const int Batches = 4;
    private const int WarmUp = 50;

    /// <summary>Options: <c>--batch-size</c>, <c>--threads</c>, <c>--blocks</c>, <c>--block-ms</c>.</summary>
    public static object Run(Arguments arguments)
    {
        var batchSize = arguments.Number("batch-size", 128);
        var threads = arguments.Number("threads", 2);
        var blocks = arguments.Number("blocks", 15);
        var blockSeconds = arguments.Number("block-ms", 300) / 1000.0;
        arguments.RefuseTheRest();
        var folder = Directory.CreateTempSubdirectory("onnxkd-bench-").FullName;
        try
        {
            using var scope = NewDisposeScope();
            var network = new TrainingCase("mlp", [28, 28], Batches * batchSize, folder);
            using var step = new OurStep(network, batchSize, threads, "cpu");
            var layers = Layers(network, batchSize);
            step.Run(WarmUp * Batches); // .NET compiles what is called often once more
            Products(layers, WarmUp * Batches);
            var steps = Math.Max(1, (int)(blockSeconds / (step.Run(Batches).Seconds / Batches)));

            var pairs = Enumerable.Range(0, blocks).Select(_ =>
            {
                var before = Products(layers, steps);
                var middle = step.Run(steps).Seconds;
                return (Step: middle, Products: (before + Products(layers, steps)) / 2);
            }).ToList();
            return new Dictionary<string, object>
            {
                ["threads"] = threads,
                ["batch_size"] = batchSize,
                ["steps_per_block"] = steps,
                ["step_ms"] = Math.Round(1000 * Output.Median(pairs.Select(pair => pair.Step)) / steps, 3),
                ["products_ms"] = Math.Round(1000 * Output.Median(pairs.Select(pair => pair.Products)) / steps, 3),
                ["products_gflops_per_second"] = Math.Round(
                    Flops(layers) / 1e9 / (Output.Median(pairs.Select(pair => pair.Products)) / steps), 1),
                ["matmul_share"] = Math.Round(Output.Median(pairs.Select(pair => pair.Products / pair.Step)), 4),

                // What other work on the machine has disturbed least.
                ["fastest_step_ms"] = Math.Round(1000 * pairs.Min(pair => pair.Step) / steps, 3),
                ["fastest_products_ms"] = Math.Round(1000 * pairs.Min(pair => pair.Products) / steps, 3),
                ["fastest_matmul_share"] = Math.Round(pairs.Min(pair => pair.Products) / pairs.Min(pair => pair.Step), 4),
            };
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>A layer's input, weights (inputs × units) and the gradient of its output.</summary>
    private sealed record Layer(Tensor Input, Tensor Weights, Tensor Gradient);

    private static Layer[] Layers(TrainingCase network, int batchSize)
    {
        var graph = StudentGraph.Import(network.Model);
        return [.. graph.Compile(graph.FindLogits()).Plan.Where(weight => weight.UnitAxis is not null).Select(weight =>
        {
            var (units, inputs) = (weight.Source.Dims[weight.UnitAxis!.Value], weight.Source.Dims[1 - weight.UnitAxis.Value]);
            return new Layer(randn(batchSize, inputs), randn(inputs, units), randn(batchSize, units));
        })];
    }

    private static double Products(Layer[] layers, int times)
    {
        using var _ = no_grad();
        var start = Stopwatch.GetTimestamp();
        for (var i = 0; i < times; i++)
        {
            using var scope = NewDisposeScope();
            foreach (var layer in layers)
                layer.Input.matmul(layer.Weights);
            foreach (var layer in layers.Reverse())
            {
                layer.Input.t().matmul(layer.Gradient);
                if (layer != layers[0])
                    layer.Gradient.matmul(layer.Weights.t());
            }
        }
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    private static double Flops(Layer[] layers) => layers.Sum(layer =>
        2.0 * layer.Input.shape[0] * layer.Weights.numel() * (layer == layers[0] ? 2 : 3));
}
