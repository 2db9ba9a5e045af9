using OnnxKd.Core.LogitCaches;
using OnnxKd.Core.Preparation;
using OnnxKd.Core.Preparation.Steps;

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
        Augmentation = new(new ShiftStep(2)),
        Seed = 7,
        Views = views,
        SamplesDigest = new string('b', 64),
        Samples = samples,
        FirstId = 100,
    };

    /// <summary>The value that stands for (row, class).</summary>
    public static float Value(long row, int column) => row + column / 10f;

    /// <summary>One of each storage, for streams of so many classes.</summary>
    public static IEnumerable<StreamStorage> Storages(int classes) =>
    [
        new Float32(), new Float16(), new BFloat16(), new Int8(), new TopK(classes / 2, [1, 4]), new TopK(classes, [1]), new TopK(1, []),
        new Sampled(6, 2), new Sampled(300, 1),
    ];

    /// <summary>Appends until the end, or until the predicate says stop.</summary>
    public static void Fill(LogitCacheWriter writer, CacheIdentity identity, Func<long, bool>? stop = null)
    {
        foreach (var rows in writer.PendingBatches())
        {
            Assert.Equal(rows.First, writer.NextRow);
            if (stop?.Invoke(rows.First) == true)
                return;
            writer.Append([.. Rows(identity, rows.First, (int)rows.Count).Select(values => (ReadOnlyMemory<float>)values)]);
        }
    }

    /// <summary>The values of rows, for each stream.</summary>
    public static float[][] Rows(CacheIdentity identity, long firstRow, int rows) =>
        [.. identity.Streams.Select(stream => Batch(firstRow, rows, stream.Values))];

    public static float[] Batch(long firstRow, int rows, int values) =>
        [.. Enumerable.Range(0, rows).SelectMany(i => Enumerable.Range(0, values).Select(c => Value(firstRow + i, c)))];

    public static void Write(string folder, CacheIdentity identity, int batchSize = BatchSize)
    {
        using var writer = LogitCacheWriter.OpenOrResume(folder, identity, batchSize);
        Fill(writer, identity);
        Assert.True(writer.Complete());
    }

    /// <summary>Every file that is part of the cache, with its content as text to compare.</summary>
    public static SortedDictionary<string, string> Content(string folder) => new(
        Directory.EnumerateFiles(folder).Where(f => !Path.GetFileName(f).StartsWith(".lock", StringComparison.Ordinal))
            .ToDictionary(f => Path.GetFileName(f), f => Core.Files.Hashing.Sha256OfFile(f)),
        StringComparer.Ordinal);
}
