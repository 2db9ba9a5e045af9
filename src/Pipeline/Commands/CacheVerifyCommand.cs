using System.CommandLine;
using OnnxKd.Core.Errors;
using OnnxKd.Core.LogitCaches;
using OnnxKd.Core.Text;
using OnnxKd.Pipeline.Defaults;
using OnnxKd.Pipeline.Recipes;
using OnnxKd.Pipeline.Runs;
using OnnxKd.Pipeline.Terminal;
using OnnxKd.TeacherRunner.Capture;

namespace OnnxKd.Pipeline.Commands;

/// <summary><c>onnxkd cache verify FOLDER</c>: checks every byte, and replays rows through the teachers if asked.</summary>
internal sealed class CacheVerifyCommand : ExampleCommand
{
    private readonly Argument<string> folder = new("FOLDER") { Description = "The folder of a logit cache." };

    private readonly Option<int?> rows = new("--rows")
    {
        Description = "Run so many random rows through the teachers again and compare.",
        HelpName = "N",
    };

    private readonly Option<string?> recipe = new("--recipe")
    {
        Description = "The recipe that the cache belongs to; default: recipe.yaml in the folder above.",
    };

    private readonly Option<string?> device = new("--device") { Description = "Where the teachers run; default: where they ran for the cache." };

    private readonly Option<ulong> seed = new("--seed") { Description = "Decides which rows; default 0." };

    /// <summary>Declares the command.</summary>
    public CacheVerifyCommand()
        : base(
            "verify",
            "Checks manifest and shards of a logit cache against their checksums; with --rows also against the teachers.",
            "onnxkd cache verify runs/mnist/cache-1a2b3c4d",
            "onnxkd cache verify runs/mnist/cache-1a2b3c4d --rows 1000")
    {
        Add(folder);
        Add(rows);
        Add(recipe);
        Add(device);
        Add(seed);
        Does((parsed, stdout, stderr, token) =>
        {
            var replay = parsed.GetValue(rows) is { } count
                ? new Replay(count, parsed.GetValue(recipe), parsed.GetValue(device), parsed.GetValue(seed))
                : null;
            Run(parsed.GetValue(folder)!, replay, GlobalOptions.Style(parsed), stdout, stderr, token);
        });
    }

    /// <summary>Runs it.</summary>
    /// <exception cref="CheckFailedException">A byte is not what it was, or the teachers give something else.</exception>
    public static void Run(
        string folder, Replay? replay, OutputStyle style, TextWriter stdout, TextWriter stderr, CancellationToken token)
    {
        using var cache = LogitCache.Open(folder);
        var streams = replay is null ? null : RunReplay(cache, folder, replay, new(stderr, style.Live), token);
        if (streams?.FirstOrDefault(stream => stream.Problem is not null) is { } bad)
            throw new CheckFailedException(
                "The teachers do not give what the logit cache holds.", $"{folder}, stream '{bad.Stream}'", bad.Problem,
                "a difference that rounding explains", "capture the cache again, and look at what changed on this machine");
        if (style.Json)
        {
            stdout.Write(CanonicalJson.Serialize(new Verified(cache.Digest, cache.Identity.Rows, streams)));
            return;
        }
        stdout.WriteLine($"ok: {cache.Identity.Rows} rows, digest {cache.Digest}");
        foreach (var stream in streams ?? [])
            stdout.WriteLine(Describe(stream));
    }

    private static string Describe(StreamReplay stream)
    {
        var agreement = stream.Top1Agreement is { } share ? FormattableString.Invariant($", top-1 agreement {share:P2}") : "";
        return FormattableString.Invariant(
            $"replayed {stream.Rows} rows of {stream.Stream}: max error {stream.MaxError:g3} ({stream.Measure}){agreement}");
    }

    private static IReadOnlyList<StreamReplay> RunReplay(
        LogitCache cache, string folder, Replay replay, StageReporter progress, CancellationToken token)
    {
        if (replay.Rows < 1)
            throw new InputException("The number of rows is out of range.", "--rows", $"{replay.Rows}", "1 or more");
        var path = replay.Recipe ?? Path.GetFullPath(Path.Combine(folder, "..", RecipeFile.ResolvedName));
        if (replay.Recipe is null && !File.Exists(path))
            throw new InputException("Replaying rows needs the recipe.", folder, $"no {path}", remedy: "name it with --recipe");
        var source = RecipeSource.Load(path);
        if (replay.Recipe is not null)
        {
            InputDefaults.Fill(source);
            RecipeDefaults.Fill(source, isQuick: false, _ => { }, token);
        }
        var read = RecipeFile.Read(source, StageKinds.All);
        progress.Started("verify", folder);
        return RecipeReplay.Run(cache, folder, read, replay.Device, replay.Rows, replay.Seed, progress, token);
    }

    /// <summary>Which rows are replayed, and how.</summary>
    /// <param name="Rows">How many.</param>
    /// <param name="Recipe">The recipe's file; <c>null</c>: beside the cache.</param>
    /// <param name="Device">Where; <c>null</c>: where the cache was made.</param>
    /// <param name="Seed">Decides which.</param>
    internal sealed record Replay(int Rows, string? Recipe, string? Device, ulong Seed);

    private sealed record Verified(string Digest, long Rows, IReadOnlyList<StreamReplay>? Streams);
}
