using System.CommandLine;
using OnnxKd.Core.Errors;
using OnnxKd.Core.LogitCaches;
using OnnxKd.Core.Text;
using OnnxKd.Pipeline.Terminal;

namespace OnnxKd.Pipeline.Commands;

/// <summary><c>onnxkd cache verify FOLDER</c>: checks every byte.</summary>
internal sealed class CacheVerifyCommand : ExampleCommand
{
    private readonly Argument<string> folder = new("FOLDER") { Description = "The folder of a logit cache." };

    /// <summary>Declares the command.</summary>
    public CacheVerifyCommand()
        : base(
            "verify",
            "Checks manifest and shards of a logit cache against their checksums.",
            "onnxkd cache verify runs/mnist/cache-1a2b3c4d")
    {
        Add(folder);
        Does((parsed, stdout, _, _) => Run(parsed.GetValue(folder)!, GlobalOptions.Style(parsed), stdout));
    }

    /// <summary>Runs it.</summary>
    /// <exception cref="CheckFailedException">A byte is not what it was.</exception>
    public static void Run(string folder, OutputStyle style, TextWriter stdout)
    {
        using var cache = LogitCache.Open(folder);
        var rows = cache.Identity.Samples * cache.Identity.Views;
        if (style.Json)
            stdout.Write(CanonicalJson.Serialize(new Verified(cache.Digest, rows)));
        else
            stdout.WriteLine($"ok: {rows} rows, digest {cache.Digest}");
    }

    private sealed record Verified(string Digest, long Rows);
}
