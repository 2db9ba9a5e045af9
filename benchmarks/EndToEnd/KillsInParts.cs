using OnnxKd.Benchmarks.Support;

namespace OnnxKd.Benchmarks.EndToEnd;

/// <summary>
/// Two parts of a capture, running at once in one folder, each killed (SIGKILL) at random moments and started again until it ends; in as
/// many rounds as the kills need. Every round must end with the bytes of a capture in one go that is left alone.
/// </summary>
internal static class KillsInParts
{
    private const int Parts = 2;

    /// <summary>The figures.</summary>
    public sealed record Result(string Recipe, int Kills, int Rounds, int IdenticalRounds, bool CacheIdentical, string CacheSha256);

    /// <summary>Options: <c>--recipe</c>; <c>--kills</c> in all; <c>--seed</c> of the moments.</summary>
    public static object Run(Arguments arguments)
    {
        var recipe = arguments.Text("recipe", "recipes/mnist.yaml")!;
        var wanted = arguments.Number("kills", 50);
        var random = new Random(arguments.Number("seed", 1));
        arguments.RefuseTheRest();
        var folder = Directory.CreateTempSubdirectory("onnxkd-bench-").FullName;
        try
        {
            var onnxkd = CommandLine.OfThisCheckout;
            string[] Arguments(string runs) => ["cache", recipe, "--runs", Path.Combine(folder, runs), "--name", "run"];
            string Digest(string runs) => CommandLine.Digest(Directory.GetDirectories(Path.Combine(folder, runs, "run"), "cache-*").Single(), "*.*");

            var startUp = onnxkd.Run("--version").Seconds;
            var whole = onnxkd.Run(Arguments("whole")).Seconds;
            var expected = Digest("whole");
            var (kills, rounds, identical) = (0, 0, 0);
            for (; kills < wanted; rounds++)
            {
                // Each part has half the rows, at half the speed: alone it would end at about the latest of these moments.
                var runs = $"round{rounds}";
                var moments = Enumerable.Range(0, Parts).Select(_ => new Random(random.Next())).ToArray();
                var killed = Task.WhenAll(Enumerable.Range(0, Parts).Select(part => Task.Run(() =>
                    UntilItEnds(onnxkd, [.. Arguments(runs), "--part", $"{part + 1}/{Parts}"], startUp, whole, moments[part])))).Result;
                kills += killed.Sum();
                identical += Digest(runs) == expected ? 1 : 0;
                Directory.Delete(Path.Combine(folder, runs), recursive: true);
            }

            return new Result(recipe, kills, rounds, identical, identical == rounds, expected);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <returns>How often it was killed before it ended.</returns>
    private static int UntilItEnds(CommandLine onnxkd, string[] arguments, double earliest, double latest, Random random)
    {
        var kills = 0;
        while (onnxkd.RunAndKill(TimeSpan.FromSeconds(earliest + random.NextDouble() * (latest - earliest)), arguments))
            kills++;
        onnxkd.Run(arguments); // finds everything there; throws unless it is well
        return kills;
    }
}
