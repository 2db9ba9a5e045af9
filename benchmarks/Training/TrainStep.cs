using OnnxKd.Benchmarks.Support;

namespace OnnxKd.Benchmarks.Training;

/// <summary>
/// A training step (forward, soft and hard loss, backward, SGD) of the product's own loop against the same network in eager PyTorch on the
/// same libtorch. Both sides live in one run and take turns in blocks of steps, so that other work on the machine meets both alike.
/// </summary>
internal static class TrainStep
{
    private const int Batches = 4;

    private static readonly (string Name, int[] Sample)[] Networks =
        [("resnet20", [3, 32, 32]), ("vit", [3, 32, 32]), ("mlp", [28, 28]), ("cnn", [28, 28])];

    /// <summary>
    /// Options: <c>--networks A,B</c>, <c>--batch-size</c>, <c>--threads</c>, <c>--blocks</c>, <c>--block-ms</c>, <c>--device</c>,
    /// <c>--precision float32|bfloat16</c> (PyTorch's side: autocast).
    /// </summary>
    public static object Run(Arguments arguments)
    {
        var names = arguments.Text("networks", string.Join(',', Networks.Select(network => network.Name)))!.Split(',');
        var batchSize = arguments.Number("batch-size", 128);
        var threads = arguments.Number("threads", 2);
        var blocks = arguments.Number("blocks", 9);
        var blockSeconds = arguments.Number("block-ms", 800) / 1000.0;
        var device = arguments.Text("device", "cpu")!;
        var precision = arguments.Text("precision", "float32")!;
        arguments.RefuseTheRest();
        if (names.FirstOrDefault(name => Networks.All(network => network.Name != name)) is { } unknown)
            throw new UsageException($"unknown network '{unknown}'; known: {string.Join(", ", Networks.Select(network => network.Name))}");

        var figures = new Dictionary<string, object>
        {
            ["device"] = device, ["precision"] = precision, ["threads"] = threads, ["batch_size"] = batchSize, ["blocks"] = blocks,
        };
        foreach (var (name, sample) in Networks.Where(network => names.Contains(network.Name)))
            Measure(name, sample, batchSize, threads, device, precision, blocks, blockSeconds, figures);
        return figures;
    }

    private static void Measure(
        string name, int[] sample, int batchSize, int threads, string device, string precision, int blocks, double blockSeconds,
        Dictionary<string, object> figures)
    {
        var folder = Directory.CreateTempSubdirectory("onnxkd-bench-").FullName;
        try
        {
            var network = new TrainingCase(name, sample, Batches * batchSize, folder);
            using var ours = new OurStep(network, batchSize, threads, device, precision);
            using var theirs = new Peer("train_step.py", name, network.File, batchSize, threads, device, precision);
            figures[$"{name}_logits_max_abs"] = ours.Logits().Zip(theirs.Logits(), (a, b) => Math.Abs(a - b)).Max();
            figures[$"{name}_first_loss"] = ours.Run(1).Loss;
            figures[$"{name}_first_loss_pytorch"] = theirs.Run(1).Loss;
            const int warmUp = 2 * Batches;
            var steps = 2 * Math.Max(1, (int)(blockSeconds / (Both(ours, theirs, warmUp).Ours / warmUp) / 2));
            Both(ours, theirs, steps);

            var pairs = Enumerable.Range(0, blocks).Select(_ => Both(ours, theirs, steps)).ToList();
            figures[$"{name}_steps_per_block"] = steps;
            figures[$"{name}_ms"] = Math.Round(1000 * Output.Median(pairs.Select(pair => pair.Ours)) / steps, 3);
            figures[$"{name}_pytorch_ms"] = Math.Round(1000 * Output.Median(pairs.Select(pair => pair.Theirs)) / steps, 3);
            figures[$"{name}_samples_per_second"] = Math.Round(batchSize * steps / Output.Median(pairs.Select(pair => pair.Ours)), 1);
            figures[$"{name}_fastest_ratio"] = Math.Round(pairs.Min(pair => pair.Ours) / pairs.Min(pair => pair.Theirs), 4);
            figures[$"{name}_ratio"] = Math.Round(Output.Median(pairs.Select(pair => pair.Ours / pair.Theirs)), 4);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>A block of ours between two halves of theirs: what drifts meets both alike. The number of steps is even.</summary>
    private static (double Ours, double Theirs) Both(OurStep ours, Peer theirs, int steps)
    {
        var before = theirs.Run(steps / 2).Seconds;
        var middle = ours.Run(steps).Seconds;
        return (middle, before + theirs.Run(steps / 2).Seconds);
    }
}
