using System.CommandLine;
using System.Text.Json;
using OnnxKd.Core.LogitCaches;
using OnnxKd.Core.Tensors;
using OnnxKd.Core.Text;
using OnnxKd.Pipeline.Terminal;

namespace OnnxKd.Pipeline.Commands;

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
        {
            stdout.WriteLine($"teacher:     {teacher.File}, SHA-256 {teacher.Digest}");
            stdout.WriteLine($"             {Words(teacher.Kind)} '{teacher.Output}', weight {teacher.Weight}");
        }
        stdout.WriteLine($"combination: {Words(identity.Combination)}");
        stdout.WriteLine($"samples:     {identity.Samples}, digest {identity.SamplesDigest}");
        stdout.WriteLine($"views:       {identity.Views}, augmentation: {identity.Augmentation}");
        foreach (var stream in cache.Streams)
            stdout.WriteLine($"stream:      {stream.Name}, {Words(stream.Kind)} {Shapes.Format(stream.Shape)} per row, {stream.Storage.Name}");
        stdout.WriteLine($"row:         {identity.BytesPerRow} bytes with the id");
        stdout.WriteLine($"made on:     {identity.Provider}, {identity.Precision}");
        stdout.WriteLine($"digest:      {cache.Digest}");
    }

    private static string Words<T>(T value)
        where T : struct, Enum => JsonNamingPolicy.KebabCaseLower.ConvertName(value.ToString());
}
