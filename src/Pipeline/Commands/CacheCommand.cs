using System.CommandLine;
using OnnxKd.Core.Errors;
using OnnxKd.Core.LogitCaches;
using OnnxKd.Core.Text;
using OnnxKd.Pipeline.Terminal;

namespace OnnxKd.Pipeline.Commands;

/// <summary><c>onnxkd cache RECIPE</c>: up to the logit cache; and what can be asked of a cache.</summary>
internal sealed class CacheCommand : ExampleCommand
{
    private readonly RecipeArguments recipe = new();

    /// <summary>Declares the command.</summary>
    public CacheCommand()
        : base(
            "cache",
            "Captures the teachers' logits over the transfer set. An interrupted capture goes on.",
            "onnxkd cache recipes/mnist.yaml",
            "onnxkd cache verify runs/mnist/cache-1a2b3c4d",
            "onnxkd cache info runs/mnist/cache-1a2b3c4d --json")
    {
        recipe.AddTo(this);
        Does((parsed, stdout, stderr, token) => Run(recipe.Read(parsed), stdout, stderr, token));
        Add(new CacheVerifyCommand());
        Add(new CacheInfoCommand());
    }

    /// <summary>Runs it.</summary>
    /// <exception cref="InputException">The recipe has no teachers, or its inputs are wrong.</exception>
    public static void Run(RecipeRun options, TextWriter stdout, TextWriter stderr, CancellationToken token)
    {
        using var distillation = options.Open(stderr, token);
        var cache = distillation.Cache() ?? throw new InputException("There is no teacher to capture.", remedy: "add teachers to the recipe, or --teacher");
        FileList.Write(stdout, options.Style, ("cache", cache.Folder));
    }
}

/// <summary><c>onnxkd cache verify FOLDER</c>: checks every byte.</summary>
internal sealed class CacheVerifyCommand : ExampleCommand
{
    private readonly Argument<string> folder = new("FOLDER") { Description = "The folder of a logit cache." };

    /// <summary>Declares the command.</summary>
    public CacheVerifyCommand()
        : base("verify", "Checks manifest and shards of a logit cache against their checksums.", "onnxkd cache verify runs/mnist/cache-1a2b3c4d")
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

/// <summary><c>onnxkd cache info FOLDER</c>: what a cache was made from.</summary>
internal sealed class CacheInfoCommand : ExampleCommand
{
    private readonly Argument<string> folder = new("FOLDER") { Description = "The folder of a logit cache." };

    /// <summary>Declares the command.</summary>
    public CacheInfoCommand()
        : base("info", "Shows what a logit cache was made from.", "onnxkd cache info runs/mnist/cache-1a2b3c4d")
    {
        Add(folder);
        Does((parsed, stdout, _, _) => Run(parsed.GetValue(folder)!, GlobalOptions.Style(parsed), stdout));
    }

    /// <summary>Runs it.</summary>
    public static void Run(string folder, OutputStyle style, TextWriter stdout)
    {
        using var cache = LogitCache.Open(folder);
        var identity = cache.Identity;
        if (style.Json)
        {
            stdout.Write(CanonicalJson.Serialize(identity));
            return;
        }
        foreach (var teacher in identity.Teachers)
            stdout.WriteLine($"teacher:     {teacher.File} (SHA-256 {teacher.Digest}), {Words(teacher.Kind)} '{teacher.Output}', weight {teacher.Weight}");
        stdout.WriteLine($"combination: {Words(identity.Combination)}");
        stdout.WriteLine($"samples:     {identity.Samples} of {identity.Views} views, shifted by up to {identity.Augmentation.Shift} (digest {identity.SamplesDigest})");
        stdout.WriteLine($"rows:        {identity.Samples * identity.Views} of {identity.Classes} values ({Words(identity.Kind)}), {cache.BytesPerRow} bytes each");
        stdout.WriteLine($"made on:     {identity.Provider}, {identity.Precision}");
        stdout.WriteLine($"digest:      {cache.Digest}");
    }

    private static string Words<T>(T value)
        where T : struct, Enum => System.Text.Json.JsonNamingPolicy.KebabCaseLower.ConvertName(value.ToString());
}
