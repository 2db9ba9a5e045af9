using OnnxKd.Core.LogitCaches;
using OnnxKd.Core.Preparation;

namespace OnnxKd.Core.Tests.LogitCaches;

/// <summary>A small cache with predictable values.</summary>
internal static class Caches
{
    public const int Classes = 3;
    public const int Samples = 10;
    public const int BatchSize = 4;

    public static CacheIdentity Identity(int samples = Samples, int classes = Classes, int views = 2) => new()
    {
        Teachers = [new("t.onnx", new string('a', 64), "x", "logits", StreamKind.Logit, 1, new Preprocessing { Scale = 1 / 255.0 })],
        Combination = Combination.Single,
        Streams = [new("logits", "logits", Teacher: 0, StreamKind.Logit, [classes], new Float32())],
        Provider = "cpu",
        Precision = "fp32",
        Augmentation = new() { Shift = 2 },
        Seed = 7,
        Views = views,
        SamplesDigest = new string('b', 64),
        Samples = samples,
        FirstId = 100,
    };

    /// <summary>The value that stands for (row, class).</summary>
    public static float Value(long row, int column) => row + column / 10f;

    /// <summary>Appends until the end, or until the predicate says stop.</summary>
    public static void Fill(LogitCacheWriter writer, CacheIdentity identity, int batchSize, Func<long, bool>? stop = null)
    {
        while (writer.NextRow < writer.Rows && stop?.Invoke(writer.NextRow) != true)
            writer.Append(Batch(writer.NextRow, (int)Math.Min(batchSize, writer.Rows - writer.NextRow), identity.Streams[0].Classes));
    }

    public static float[] Batch(long firstRow, int rows, int classes) =>
        [.. Enumerable.Range(0, rows).SelectMany(i => Enumerable.Range(0, classes).Select(c => Value(firstRow + i, c)))];

    public static void Write(string folder, CacheIdentity identity, int batchSize = BatchSize)
    {
        using var writer = LogitCacheWriter.OpenOrResume(folder, identity, batchSize);
        Fill(writer, identity, batchSize);
        writer.Complete();
    }

    /// <summary>Every file that is part of the cache, with its content as text to compare.</summary>
    public static SortedDictionary<string, string> Content(string folder) => new(
        Directory.EnumerateFiles(folder).Where(f => !Path.GetFileName(f).StartsWith(".lock", StringComparison.Ordinal))
            .ToDictionary(f => Path.GetFileName(f), f => Core.Files.Hashing.Sha256OfFile(f)),
        StringComparer.Ordinal);
}
