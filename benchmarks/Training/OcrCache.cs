using System.Text.Json;
using OnnxKd.Benchmarks.EndToEnd;
using OnnxKd.Benchmarks.Support;

namespace OnnxKd.Benchmarks.Training;

/// <summary>
/// What the storage of a cache costs a recogniser of text: recipes/ocr-recognizer.yaml as it is (the top 16 classes with their tail), and with
/// every logit in float16, the rest alike. Runs stay in <c>runs/</c>, so a finished one is not run again; the dense cache takes 5.3 GB.
/// </summary>
internal static class OcrCache
{
    private const string Recipe = "recipes/ocr-recognizer.yaml";

    /// <summary>The figures of one storage. CER: the student's character error rate on the held-out lines.</summary>
    public sealed record StorageResult(double BytesPerFrame, double StudentCer, double StudentExactLines, double StudentAgreement);

    /// <summary>Both, and the teacher's; the difference is in points: of 100 characters.</summary>
    public sealed record Result(
        double TeacherCer, double TeacherExactLines, StorageResult TopK, StorageResult Dense, double BytesPerFrameRatio, double CerPointsAboveDense,
        double StudentSizeRatio);

    /// <summary>Options: <c>--seed</c>, <c>--threads</c> (default 1), <c>--epochs</c> (default: the recipe's).</summary>
    public static object Run(Arguments arguments)
    {
        var seed = arguments.Number("seed", 1);
        var threads = arguments.Number("threads", 1);
        var epochs = arguments.Text("epochs", null) is { } given ? new[] { "--epochs", given } : [];
        arguments.RefuseTheRest();
        var (topK, topKMetrics) = Measure("top-k", []);
        var (dense, _) = Measure("dense", ["--set", "capture.storage=float16"]);
        var (teacher, student) = (CommandLine.Model(topKMetrics, "teacher")!.Value, CommandLine.Model(topKMetrics, "student")!.Value);
        return new Result(
            Cer(teacher), ExactLines(teacher), topK, dense, topK.BytesPerFrame / dense.BytesPerFrame, 100 * (topK.StudentCer - dense.StudentCer),
            student.GetProperty("file_bytes").GetDouble() / teacher.GetProperty("file_bytes").GetDouble());

        (StorageResult Result, JsonElement Metrics) Measure(string storage, string[] settings)
        {
            var name = $"ocr-cache-{storage}-{seed}";
            var metrics = CommandLine.Figures(CommandLine.OfThisCheckout.Run(
                ["run", Recipe, "--name", name, "--seed", $"{seed}", "--threads", $"{threads}", "--json", .. epochs, .. settings]).Output);
            var student = CommandLine.Model(metrics, "student")!.Value;
            return (
                new(BytesPerFrame(name), Cer(student), ExactLines(student), student.GetProperty("agreement").GetDouble()), metrics);
        }
    }

    /// <summary>All shards of the transfer set's cache ÷ its frames.</summary>
    private static double BytesPerFrame(string run)
    {
        var folder = Path.Combine(CommandLine.OfThisCheckout.Checkout, "runs", run);
        var manifests = Directory.GetDirectories(folder, "cache-*").Select(cache => Path.Combine(cache, "manifest.json")).ToArray();
        if (manifests.Length != 1)
            throw new UsageException($"{folder} holds caches of several settings: remove it and try again");
        var manifest = JsonDocument.Parse(File.ReadAllBytes(manifests[0])).RootElement;
        var identity = manifest.GetProperty("identity");
        var frames = identity.GetProperty("samples").GetInt64() * identity.GetProperty("streams")[0].GetProperty("shape")[0].GetInt64();
        return (double)manifest.GetProperty("shards").EnumerateArray().Sum(shard => shard.GetProperty("bytes").GetInt64()) / frames;
    }

    private static double Cer(JsonElement model) => model.GetProperty("character_error_rate").GetDouble();

    private static double ExactLines(JsonElement model) => model.GetProperty("exact_lines").GetDouble();
}
