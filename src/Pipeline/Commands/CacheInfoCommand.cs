using System.CommandLine;
using System.Text.Json;
using OnnxKd.Core.LogitCaches;
using OnnxKd.Core.Tensors;
using OnnxKd.Core.Text;
using OnnxKd.Pipeline.Terminal;

namespace OnnxKd.Pipeline.Commands;

/// <summary><c>onnxkd cache info FOLDER</c>: what a cache was made from, and what is in it.</summary>
internal sealed class CacheInfoCommand : ExampleCommand
{
    private readonly Argument<string> folder = new("FOLDER") { Description = "The folder of a logit cache, finished or not." };

    /// <summary>Declares the command.</summary>
    public CacheInfoCommand()
        : base(
            "info",
            "Shows what a logit cache was made from, its streams, and which rows are there.",
            "onnxkd cache info runs/mnist/cache-1a2b3c4d")
    {
        Add(folder);
        Does((parsed, stdout, _, _) => Run(parsed.GetValue(folder)!, GlobalOptions.Style(parsed), stdout));
    }

    /// <summary>Runs it. Bytes of shards are not checked: <c>cache verify</c> does that.</summary>
    public static void Run(string folder, OutputStyle style, TextWriter stdout)
    {
        var coverage = CacheMerge.Coverage(folder);
        var identity = coverage.Identity;
        if (style.Json)
        {
            stdout.Write(CanonicalJson.Serialize(new Info(
                coverage.Complete, identity.Rows, coverage.StoredRows, identity.BytesPerRow, [.. identity.Streams.Select(StreamInfo.Of)], identity)));
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
        foreach (var stream in identity.Streams)
        {
            var fields = stream.Storage.Fields(stream);
            stdout.WriteLine($"stream:      {stream.Name}: {Words(stream.Kind)} {Shapes.Format(stream.Shape)} of '{stream.Tensor}'"
                + (stream.Teacher is { } index ? $" of {identity.Teachers[index].File}" : " of all teachers"));
            stdout.WriteLine($"             {stream.Storage.Name}, {fields.Sum(field => field.Bytes)} bytes a row: "
                + string.Join(", ", fields.Select(field => $"{field.Name} {field.Type.Name()} {Shapes.Format(field.Shape)}")));
        }
        stdout.WriteLine($"rows:        {coverage.StoredRows} of {identity.Rows} stored, {identity.BytesPerRow} bytes each with the id"
            + $" ({FileSize.Format(identity.Rows * identity.BytesPerRow)})");
        foreach (var missing in coverage.Missing.Take(8))
            stdout.WriteLine($"missing:     {missing}");
        stdout.WriteLine($"made on:     {identity.Provider}, {identity.Precision}");
        if (coverage.Complete)
            stdout.WriteLine($"digest:      {LogitCache.DigestOf(folder)}");
    }

    private static string Words<T>(T value)
        where T : struct, Enum => JsonNamingPolicy.KebabCaseLower.ConvertName(value.ToString());

    private sealed record Info(
        bool Complete, long Rows, long StoredRows, long BytesPerRow, IReadOnlyList<StreamInfo> Streams, CacheIdentity Identity);

    private sealed record StreamInfo(string Name, string Storage, long BytesPerRow, IReadOnlyList<int> Shape)
    {
        public static StreamInfo Of(CacheStream stream) =>
            new(stream.Name, stream.Storage.Name, stream.BytesPerRow, stream.Shape);
    }
}
