using System.Globalization;
using System.Text.Json;
using OnnxKd.Benchmarks.EndToEnd;
using OnnxKd.Benchmarks.Support;
using OnnxKd.Core.Files;
using OnnxKd.Core.Onnx;

namespace OnnxKd.Benchmarks.Caches;

/// <summary>
/// How good a student gets from a cache, against the bytes that a row of the cache takes: one student, one teacher of 100 classes, every
/// way of storing logits, several seeds. Runs stay in <c>runs/cache-quality</c>, so what is finished is not run again.
/// </summary>
internal static class CacheQuality
{
    private const int Temperature = 4;

    private static readonly int[] Kept = [1, 2, 4, 8];
    private static readonly int[] Draws = [4, 16, 64, 256];

    /// <summary>The figures of one storage, a value per seed.</summary>
    public sealed record Point(
        string Storage, long BytesPerRow, double[] Accuracy, double[] Agreement, double[] Nll, double[] Ece);

    /// <summary>The curve.</summary>
    public sealed record Result(int Seeds, int Epochs, double TeacherAccuracy, double TeacherNll, double TeacherEce, Point[] Points);

    /// <summary>Options: <c>--seeds</c>, how many from 1 on; <c>--epochs</c>; <c>--threads</c>.</summary>
    public static object Run(Arguments arguments)
    {
        var seeds = arguments.Number("seeds", 3);
        var epochs = arguments.Number("epochs", 10);
        var threads = arguments.Number("threads", 1);
        arguments.RefuseTheRest();
        var root = CommandLine.OfThisCheckout.Checkout;
        var folder = Path.Combine(root, "runs", "cache-quality");
        Directory.CreateDirectory(folder);
        TwoDigits.Teacher(OnnxModel.Load(Path.Combine(root, "models", "mnist-cnn-1.onnx"))).Save(Path.Combine(folder, "teacher.onnx"));
        foreach (var (part, name) in new[] { ("train", "train"), ("t10k", "test") })
        {
            TwoDigits.WriteSet(
                Path.Combine(DataFolder.Of("mnist"), $"{part}-images-idx3-ubyte"),
                Path.Combine(DataFolder.Of("mnist"), $"{part}-labels-idx1-ubyte"),
                Path.Combine(folder, $"{name}.safetensors"));
        }

        var runs = Storages().ToDictionary(storage => storage, storage => Enumerable.Range(1, seeds)
            .Select(seed => Distil(folder, storage, seed, epochs, threads)).ToArray());
        var teacher = CommandLine.Model(runs.Values.First()[0].Figures, "teacher")!.Value;
        return new Result(
            seeds, epochs, Figure(teacher, "accuracy"), Figure(teacher, "nll"), Figure(teacher, "ece"),
            [.. runs.Select(run => new Point(run.Key, run.Value[0].BytesPerRow,
                Of(run.Value, "accuracy"), Of(run.Value, "agreement"), Of(run.Value, "nll"), Of(run.Value, "ece")))]);
    }

    private static IEnumerable<string> Storages() =>
    [
        "float32", "float16", "bfloat16", "int8",
        .. Kept.Select(k => $"{{ top-k: {k}, temperatures: [{Temperature}] }}"),
        .. Kept.Select(k => $"{{ top-k: {k}, temperatures: none }}"),
        .. Draws.Select(draws => $"{{ sampled: {draws}, temperature: {Temperature} }}"),
    ];

    private static (long BytesPerRow, JsonElement Figures) Distil(string folder, string storage, int seed, int epochs, int threads)
    {
        var name = string.Concat(storage.Where(c => char.IsLetterOrDigit(c) || c is '-')) + $"-seed-{seed}";
        var recipe = Path.Combine(folder, $"{name}.yaml");
        File.WriteAllText(recipe, string.Create(CultureInfo.InvariantCulture, $$"""
            name: {{name}}
            seed: {{seed}}
            data:
              transfer: { samples: train.safetensors }
              test: { samples: test.safetensors, labels: test.safetensors }
              preprocessing: { scale: 1/255, mean: 0.1307, std: 0.3081 }
            teachers:
              - model: teacher.onnx
                preprocessing: { scale: 1/255 }
            capture: { storage: {{storage}}, threads: {{threads}} }
            student: { architecture: mlp, widths: [400, 400] }
            objective:
              - soft: { temperature: {{Temperature}}, weight: 1 }
            training:
              epochs: {{epochs}}
              optimizer: { name: sgd, learning-rate: 0.1, momentum: 0.9, nesterov: true, weight-decay: 0.0005 }
              schedule: { name: cosine, warmup-epochs: 2 }
              clip-norm: 3
              average-decay: 0.999
              threads: {{threads}}

            """));
        var figures = CommandLine.Figures(CommandLine.OfThisCheckout.Run("run", recipe, "--runs", folder, "--json").Output);
        var cache = Directory.GetDirectories(Path.Combine(folder, name), "cache-*").Single();
        var info = CommandLine.Figures(CommandLine.OfThisCheckout.Run("cache", "info", cache, "--json").Output);
        return (info.GetProperty("streams")[0].GetProperty("bytes_per_row").GetInt64(), figures);
    }

    private static double[] Of((long, JsonElement Figures)[] runs, string figure) =>
        [.. runs.Select(run => Figure(CommandLine.Model(run.Figures, "student")!.Value, figure))];

    private static double Figure(JsonElement model, string name) => model.GetProperty(name).GetDouble();
}
