using System.Text.Json;
using OnnxKd.Benchmarks.EndToEnd;
using OnnxKd.Benchmarks.Support;

namespace OnnxKd.Benchmarks.Papers;

/// <summary>A command of <c>onnxkd</c> whose figures an experiment shows, once for each seed.</summary>
/// <param name="Name">The name of its runs, before the seed.</param>
/// <param name="Words">
/// The command's words: <c>run</c>, <c>sweep</c> or <c>evaluate</c>, the recipe, its options. <c>{runs}</c> stands for the folder of all runs, <c>{seed}</c> for the seed.
/// </param>
/// <param name="Quick">Further words that make it a matter of seconds.</param>
internal sealed record PaperRun(string Name, string Words, string Quick = "")
{
    /// <summary>What has to be run before it, with the same seed.</summary>
    public PaperRun? After { get; init; }

    /// <summary>What has to be run before it, with the first seed.</summary>
    public PaperRun? Teacher { get; init; }

    /// <summary>A script that makes the data it needs; <c>null</c>: they are fetched by name.</summary>
    public string? Data { get; init; }

    /// <summary>Its files of epochs that a chart shows.</summary>
    public IReadOnlyList<string> Curves { get; init; } = [];

    /// <summary>What it adds to a name of a run.</summary>
    private static string Suffix(int seed) => $"-{seed}";

    /// <summary>Its folder.</summary>
    public string Folder(string runs, int seed) => Path.Combine(runs, Name + Suffix(seed));

    /// <summary>Whether it was run to its end.</summary>
    /// <param name="runs">The folder of all runs, or of their records.</param>
    /// <param name="seed">The seed.</param>
    public bool IsFinished(string runs, int seed) => File.Exists(Path.Combine(Folder(runs, seed), IsSweep ? "sweep.json" : "metrics.json"));

    /// <summary>The command as users type it.</summary>
    /// <param name="runs">The folder of all runs.</param>
    /// <param name="seed">The seed; <c>null</c>: N stands for it.</param>
    public string Command(string runs, int? seed = null)
    {
        var number = seed is null ? "N" : $"{seed}";
        var words = Words.Replace("{runs}", runs, StringComparison.Ordinal).Replace("{seed}", number, StringComparison.Ordinal);
        return IsEvaluation ? words : $"{words} --name {Name}-{number} --seed {number} --threads 1";
    }

    /// <summary>Runs it, unless there is a record of it, and keeps one.</summary>
    /// <param name="runs">The folder of all runs.</param>
    /// <param name="records">The folder of their records.</param>
    /// <param name="seed">The seed.</param>
    /// <param name="quick">Whether it is to be a matter of seconds.</param>
    /// <param name="run">Runs a command line and gives what it printed.</param>
    public void Run(string runs, string records, int seed, bool quick, Func<string[], string> run)
    {
        if (IsFinished(records, seed))
            return;
        Run(runs, seed, quick, run);
        RunRecords.Keep(Folder(runs, seed), Folder(records, seed), Curves);
    }

    /// <summary>Runs it, and before it what it needs, unless that is done: who needs a run needs its models too, so that no record will do.</summary>
    private void Run(string runs, int seed, bool quick, Func<string[], string> run)
    {
        if (IsFinished(runs, seed))
            return;
        Teacher?.Run(runs, 1, quick, run);
        After?.Run(runs, seed, quick, run);
        if (Data is not null)
            using (var script = System.Diagnostics.Process.Start(Data))
            {
                script.WaitForExit();
                if (script.ExitCode != 0)
                    throw new UsageException($"{Data} ended with exit code {script.ExitCode}");
            }
        var words = $"{Command(runs, seed)}{(IsEvaluation ? "" : $" --runs {runs}")}{(quick && Quick.Length > 0 ? $" {Quick}" : "")} --json";
        var output = run(words.Split(' '));
        if (!IsEvaluation)
            return;
        Directory.CreateDirectory(Folder(runs, seed));
        File.WriteAllText(Path.Combine(Folder(runs, seed), "metrics.json"), output);
    }

    /// <summary>The figures of a seed; <c>null</c>: it is not finished.</summary>
    /// <param name="records">The folder of all records.</param>
    /// <param name="seed">The seed.</param>
    /// <param name="setting">The folder of one setting of a sweep; empty: it is none.</param>
    public PaperFigures? Figures(string records, int seed, string setting)
    {
        var folder = Path.Combine(Folder(records, seed), IsSweep ? Path.Combine("sweep", setting) : "");
        return IsFinished(records, seed) && Path.Combine(folder, "metrics.json") is var file && File.Exists(file) ? new(folder, CommandLine.Figures(File.ReadAllText(file))) : null;
    }

    private bool IsSweep => Words.StartsWith("sweep ", StringComparison.Ordinal);

    private bool IsEvaluation => Words.StartsWith("evaluate ", StringComparison.Ordinal);
}

/// <summary>The figures of one run.</summary>
/// <param name="folder">Its folder.</param>
/// <param name="metrics">The content of <c>metrics.json</c>.</param>
internal sealed class PaperFigures(string folder, JsonElement metrics)
{
    /// <summary>Test errors of a model.</summary>
    /// <param name="role">Its role, or the name of its file.</param>
    public double Errors(string role) => Of(role).GetProperty("errors").GetDouble();

    /// <summary>The share of samples on which a model has another top class than its teacher.</summary>
    /// <inheritdoc cref="Errors"/>
    public double Disagreement(string role) => 1 - Of(role).GetProperty("agreement").GetDouble();

    /// <summary>The same of samples that it learned from; <c>null</c>: not known.</summary>
    /// <inheritdoc cref="Errors"/>
    public double? TransferDisagreement(string role) => Of(role).TryGetProperty("transfer", out var transfer) ? 1 - transfer.GetProperty("agreement").GetDouble() : null;

    /// <summary>By how much more often a sample is classified rightly with specialists than without, of those whose class so many specialists have.</summary>
    /// <param name="combined">The stage that combined them.</param>
    /// <param name="covering">How many specialists.</param>
    /// <param name="orMore">Whether more count too.</param>
    /// <returns>Relative to the generalist alone; <c>null</c>: there are no such samples.</returns>
    public double? GainOf(string combined, int covering, bool orMore)
    {
        var (alone, together) = (0.0, 0.0);
        foreach (var file in Directory.GetDirectories(folder, $"test-{combined}-*").Select(stage => Path.Combine(stage, "coverage.json")).Where(File.Exists))
            foreach (var row in CommandLine.Figures(File.ReadAllText(file)).EnumerateArray())
                if (row.GetProperty("specialists").GetInt32() is var count && (count == covering || orMore && count > covering))
                    (alone, together) = (alone + row.GetProperty("generalist").GetInt64(), together + row.GetProperty("together").GetInt64());
        return alone > 0 ? together / alone - 1 : null;
    }

    /// <summary>How many samples they are of.</summary>
    public double Samples => metrics.GetProperty("test_samples").GetDouble();

    private JsonElement Of(string role) => metrics.GetProperty("models").EnumerateArray().First(model =>
        model.TryGetProperty("role", out var own) && own.GetString() == role || model.GetProperty("model").GetString() == role);
}
