using OnnxKd.Benchmarks.Support;
using OnnxKd.StudentTrainer.Cpu;
using static TorchSharp.torch;

namespace OnnxKd.Benchmarks.Training;

/// <summary>
/// A training step (forward, soft and hard loss, backward, SGD) of the product's own loop against the same network as a TorchSharp user
/// writes it, in this process, and against eager PyTorch in another. All live in one run and take turns in short blocks of steps, so that
/// other work on the machine meets them alike. The product's loop with what is made for the CPU turned off takes its turn too.
/// </summary>
internal static class TrainStep
{
    private const int Batches = 4;
    private const string Ours = "ours";
    private const string Tapped = "resnet20";

    private static readonly (string Name, int[] Sample)[] Networks =
        [("resnet20", [3, 32, 32]), ("vit", [3, 32, 32]), ("mlp", [28, 28]), ("cnn", [28, 28])];

    /// <summary>
    /// Options: <c>--networks A,B</c>, <c>--peers plain,torchsharp,pytorch</c>, <c>--batch-size</c>, <c>--threads</c>, <c>--blocks</c>,
    /// <c>--block-ms</c>, <c>--device</c>, <c>--precision float32|bfloat16</c> (PyTorch's side: autocast; TorchSharp has none); <c>--taps</c>: resnet20
    /// learns from two inner tensors of the teacher besides, one of them through a projection, and PyTorch stays away.
    /// </summary>
    public static object Run(Arguments arguments)
    {
        var taps = arguments.Flag("taps") ? FeatureTap.OfResNet20 : [];
        var names = arguments.Text("networks", taps.Count > 0 ? Tapped : string.Join(',', Networks.Select(network => network.Name)))!.Split(',');
        var precision = arguments.Text("precision", "float32")!;
        var peers = arguments.Text("peers", taps.Count > 0 ? "plain,torchsharp" : precision == "float32" ? "plain,torchsharp,pytorch" : "plain,pytorch")!.Split(',');
        var batchSize = arguments.Number("batch-size", 128);
        var threads = arguments.Number("threads", 2);
        var blocks = arguments.Number("blocks", 15);
        var blockSeconds = arguments.Number("block-ms", 300) / 1000.0;
        var deviceName = arguments.Text("device", "cpu")!;
        arguments.RefuseTheRest();
        if (taps.Count > 0 && (!names.SequenceEqual([Tapped]) || peers.Contains("pytorch")))
            throw new UsageException($"--taps is for {Tapped} and TorchSharp");
        if (names.FirstOrDefault(name => Networks.All(network => network.Name != name)) is { } unknown)
            throw new UsageException($"unknown network '{unknown}'; known: {string.Join(", ", Networks.Select(network => network.Name))}");
        if (Array.Find(peers, peer => peer is not ("plain" or "torchsharp" or "pytorch")) is { } other)
            throw new UsageException($"unknown peer '{other}'; known: plain, torchsharp, pytorch");

        var figures = new Dictionary<string, object>
        {
            ["device"] = deviceName, ["precision"] = precision, ["threads"] = threads, ["batch_size"] = batchSize, ["blocks"] = blocks,
        };
        foreach (var (name, sample) in Networks.Where(network => names.Contains(network.Name)))
        {
            var folder = Directory.CreateTempSubdirectory("onnxkd-bench-").FullName;
            try
            {
                var data = new TrainingCase(name, sample, Batches * batchSize, folder);
                using var ours = new OurStep(data, batchSize, threads, deviceName, precision, taps);
                using var torchSharp = peers.Contains("torchsharp") ? new TorchSharpStep(name, data, batchSize, device(deviceName), taps, ours.Projections) : null;
                using var pyTorch = peers.Contains("pytorch") ? new Peer("train_step.py", name, data.File, batchSize, threads, deviceName, precision) : null;
                var sides = new List<Side> { new(Ours, ours.Run, ours.Logits) };
                if (peers.Contains("plain"))
                    sides.Add(new("plain", steps => Plainly(() => ours.Run(steps)), () => Plainly(ours.Logits)));
                if (torchSharp is not null)
                    sides.Add(new("torchsharp", torchSharp.Run, torchSharp.Logits));
                if (pyTorch is not null)
                    sides.Add(new("pytorch", pyTorch.Run, pyTorch.Logits));
                Compare(name, sides, batchSize, blocks, blockSeconds, figures);
            }
            finally
            {
                Directory.Delete(folder, recursive: true);
            }
        }
        return figures;
    }

    private static void Compare(
        string name, List<Side> sides, int batchSize, int blocks, double blockSeconds, Dictionary<string, object> figures)
    {
        var logits = sides[0].Logits();
        foreach (var side in sides.Skip(1))
            figures[$"{name}_{side.Name}_logits_max_abs"] = logits.Zip(side.Logits(), (a, b) => Math.Abs(a - b)).Max();
        foreach (var side in sides.Where(side => side.Name != "plain")) // which would be the second step of the same student
            figures[$"{name}_{side.Name}_first_loss"] = side.Run(1).Loss;
        var steps = Math.Max(1, (int)(blockSeconds / (sides.Sum(side => side.Run(Batches).Seconds) / sides.Count / Batches)));

        var times = sides.ConvertAll(_ => new List<double>());
        var processor = sides.ConvertAll(_ => new List<double>());
        for (var block = 0; block < blocks; block++)
        {
            for (var turn = 0; turn < sides.Count; turn++)
            {
                var i = (block + turn) % sides.Count; // nobody always follows the same one
                var before = Environment.CpuUsage.TotalTime;
                times[i].Add(sides[i].Run(steps).Seconds);
                processor[i].Add((Environment.CpuUsage.TotalTime - before).TotalSeconds);
            }
        }

        figures[$"{name}_steps_per_block"] = steps;
        figures[$"{name}_samples_per_second"] = Math.Round(batchSize * steps / Output.Median(times[0]), 1);
        for (var i = 0; i < sides.Count; i++)
        {
            var key = $"{name}_{sides[i].Name}";
            figures[$"{key}_ms"] = Math.Round(1000 * Output.Median(times[i]) / steps, 3);
            if (i == 0)
                continue;
            figures[$"{key}_fastest_ratio"] = Math.Round(times[0].Min() / times[i].Min(), 4);
            if (sides[i].Name != "pytorch") // another process
                figures[$"{key}_processor_time_ratio"] = Math.Round(Output.Median(processor[0].Zip(processor[i], (a, b) => a / b)), 4);
            figures[$"{key}_ratio"] = Math.Round(Output.Median(times[0].Zip(times[i], (a, b) => a / b)), 4);
        }
    }

    private static T Plainly<T>(Func<T> work)
    {
        var before = CpuPaths.AreOn;
        CpuPaths.AreOn = false;
        try
        {
            return work();
        }
        finally
        {
            CpuPaths.AreOn = before;
        }
    }

    private sealed record Side(string Name, Func<int, (double Seconds, double Loss)> Run, Func<float[]> Logits);
}
