using OnnxKd.Benchmarks.Support;

namespace OnnxKd.Benchmarks.EndToEnd;

/// <summary>
/// A run that is killed (SIGKILL) at random moments of its capture and of its training and started again each time, against one that is
/// left alone: both must end with the same bytes.
/// </summary>
internal static class Kills
{
    /// <summary>
    /// The figures. Rows on disk after each kill never fall: what is stored is not captured again. The digest is of all students; of the cache there is
    /// nothing to tell where nothing is captured.
    /// </summary>
    public sealed record Result(
        string Recipe, int KillsInCapture, int KillsInTraining, long[] RowsAfterKill, bool RowsNeverFell, bool? CacheIdentical, bool StudentsIdentical,
        string StudentsSha256);

    /// <summary>Options: <c>--recipe</c>; <c>--epochs</c>; <c>--kills</c> of each stage; <c>--training-only</c> for recipes without teachers; <c>--seed</c> of the moments.</summary>
    public static object Run(Arguments arguments)
    {
        var recipe = arguments.Text("recipe", "recipes/mnist.yaml")!;
        var epochs = arguments.Number("epochs", 6);
        var kills = arguments.Number("kills", 10);
        var random = new Random(arguments.Number("seed", 1));
        var captures = !arguments.Flag("training-only");
        arguments.RefuseTheRest();
        var folder = Directory.CreateTempSubdirectory("onnxkd-bench-").FullName;
        try
        {
            return Compare(recipe, epochs, kills, captures, random, folder);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static Result Compare(string recipe, int epochs, int kills, bool captures, Random random, string folder)
    {
        var onnxkd = CommandLine.OfThisCheckout;
        string[] Arguments(string command, string runs) =>
            [command, recipe, "--runs", Path.Combine(folder, runs), "--name", "run", "--epochs", $"{epochs}", "--no-baseline"];
        string RunFolder(string runs) => Path.Combine(folder, runs, "run");

        var startUp = onnxkd.Run("--version").Seconds;
        var capture = captures ? onnxkd.Run(Arguments("cache", "whole")).Seconds : 0;
        var training = onnxkd.Run(Arguments("export", "whole")).Seconds;

        // On average the kills share out the stage's time, a start-up more each.
        TimeSpan Moment(double stage) => TimeSpan.FromSeconds(startUp + random.NextDouble() * 2 * (stage - startUp) / (kills + 2));

        var (inCapture, inTraining) = (0, 0);
        var rows = new List<long>();
        while (captures && inCapture < kills && onnxkd.RunAndKill(Moment(capture), Arguments("cache", "killed")))
        {
            inCapture++;
            rows.Add(RowsIn(RunFolder("killed")));
        }

        if (captures)
            onnxkd.Run(Arguments("cache", "killed"));
        while (inTraining < kills && onnxkd.RunAndKill(Moment(training), Arguments("train", "killed")))
            inTraining++;
        onnxkd.Run(Arguments("export", "killed"));

        string Cache(string runs) => CommandLine.Digest(Directory.GetDirectories(RunFolder(runs), "cache-*").Single(), "*.*");
        string Students(string runs) => CommandLine.Digest(RunFolder(runs), "*.onnx");
        return new(
            recipe, inCapture, inTraining, [.. rows], rows.SequenceEqual(rows.Order()), captures ? Cache("whole") == Cache("killed") : null,
            Students("whole") == Students("killed"), Students("killed"));
    }

    /// <summary>The rows that are safe on disk: whole shards, and whole records of the journal (docs/cache-format.md), for batches of 256 rows of 10 values.</summary>
    private static long RowsIn(string run)
    {
        const int batch = 256, header = 40, record = 8 + batch * 10 * 4 + 32;
        if (!Directory.Exists(run) || Directory.GetDirectories(run, "cache-*") is not [var cache])
            return 0;
        var shards = Directory.GetFiles(cache, "rows-*.safetensors").Sum(file => long.Parse(Path.GetFileNameWithoutExtension(file).Split('-')[2]));
        var journal = Directory.GetFiles(cache, "rows-*.partial").Sum(file => (new FileInfo(file).Length - header) / record * batch);
        return shards + Math.Max(0, journal);
    }
}
