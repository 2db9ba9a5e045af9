using OnnxKd.Core.Errors;
using OnnxKd.Core.LogitCaches;

namespace OnnxKd.Core.Tests.LogitCaches;

public sealed class LogitCacheWriterTests : IDisposable
{
    // Two batches fill a shard, and five batches (the last one short) make three shards.
    private const int RowsPerShard = 2 * Caches.BatchSize;
    private const int SamplesOfThreeShards = 18;
    private const int OneShard = 100 * Caches.BatchSize;

    // The journal: magic and digest; then per batch its first row, 4 rows of 3 floats, and a checksum.
    private const int Header = 8 + 32;
    private const int Record = 8 + 4 * 3 * 4 + 4;

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Resume_StoppedAfterEachStep_GivesTheSameFilesAndAsksForNoRowTwice()
    {
        var identity = Caches.Identity(SamplesOfThreeShards, views: 1);
        var steps = new List<string>();
        var asked = new List<long>();
        Run(folder["whole"], identity, steps.Add, asked);
        var expected = Caches.Content(folder["whole"]);
        Assert.Equal(3, expected.Keys.Count(name => name.EndsWith(".safetensors", StringComparison.Ordinal)));
        Assert.Equal(4, expected.Count);
        for (var kill = 1; kill <= steps.Count; kill++)
        {
            var killed = folder[$"killed-{kill}"];
            var askedInBoth = new List<long>();
            var step = 0;
            Assert.Throws<KilledException>(() => Run(killed, identity, _ => Throw(++step == kill), askedInBoth));
            Run(killed, identity, afterStep: null, askedInBoth);

            Assert.Equal(expected, Caches.Content(killed));
            Assert.Equal(asked, askedInBoth);
        }

        static void Throw(bool now)
        {
            if (now)
                throw new KilledException();
        }
    }

    [Fact]
    public void Resume_JournalCutAnywhere_KeepsWholeBatchesOnly()
    {
        var identity = Caches.Identity();
        Run(folder["whole"], identity, afterStep: null, [], OneShard);
        var expected = Caches.Content(folder["whole"]);
        using (var writer = Open(folder["cut"], identity, rowsPerShard: OneShard))
            Caches.Fill(writer, identity, stop: row => row == 12);
        var journal = Path.Combine(folder["cut"], "rows-000000000000.partial");
        var bytes = File.ReadAllBytes(journal);
        var manifest = File.ReadAllBytes(Path.Combine(folder["cut"], "manifest.json"));

        Assert.Equal(Header + 3 * Record, bytes.Length);
        for (var length = 0; length <= bytes.Length; length++)
        {
            Reset(folder["cut"], manifest);
            File.WriteAllBytes(journal, bytes[..length]);
            using var writer = Open(folder["cut"], identity, rowsPerShard: OneShard);
            Assert.Equal(Math.Max(0, length - Header) / Record * Caches.BatchSize, writer.NextRow);
            if (length % Record != 0)
                continue;
            Caches.Fill(writer, identity);
            writer.Complete();
            Assert.Equal(expected, Caches.Content(folder["cut"]));
        }
    }

    [Fact]
    public void Resume_AnyByteOfTheJournalChanged_AsksForThatBatchAgain()
    {
        var identity = Caches.Identity();
        using (var writer = Open(folder.Path, identity, rowsPerShard: OneShard))
            Caches.Fill(writer, identity, stop: row => row == 12);
        var journal = folder["rows-000000000000.partial"];
        var bytes = File.ReadAllBytes(journal);
        for (var i = 0; i < bytes.Length; i++)
        {
            bytes[i] ^= 0x10;
            File.WriteAllBytes(journal, bytes);
            bytes[i] ^= 0x10;
            using var writer = Open(folder.Path, identity, rowsPerShard: OneShard);
            Assert.Equal(Math.Max(0, i - Header) / Record * Caches.BatchSize, writer.NextRow);
        }
    }

    [Fact]
    public void OpenOrResume_FinishedCache_HasNothingToDo()
    {
        Caches.Write(folder.Path, Caches.Identity());
        var before = Caches.Content(folder.Path);

        using (var writer = LogitCacheWriter.OpenOrResume(folder.Path, Caches.Identity(), Caches.BatchSize))
        {
            Assert.Equal(writer.Rows, writer.NextRow);
            writer.Complete();
        }

        Assert.Equal(before, Caches.Content(folder.Path));
    }

    [Fact]
    public void OpenOrResume_OtherBatchSize_IsRefused()
    {
        Caches.Write(folder.Path, Caches.Identity());

        var error = Assert.Throws<CheckFailedException>(() => LogitCacheWriter.OpenOrResume(folder.Path, Caches.Identity(), 5));
        Assert.Contains("another batch_size", error.Message);
    }

    [Fact]
    public void OpenOrResume_DamagedShard_IsRefused()
    {
        Caches.Write(folder.Path, Caches.Identity());
        var shard = folder["rows-000000000004-4.safetensors"];
        var bytes = File.ReadAllBytes(shard);
        bytes[^1] ^= 1;
        File.WriteAllBytes(shard, bytes);

        Assert.Throws<CheckFailedException>(() => LogitCacheWriter.OpenOrResume(folder.Path, Caches.Identity(), Caches.BatchSize));
    }

    [Fact]
    public void OpenOrResume_ManifestLost_IsRefused()
    {
        Caches.Write(folder.Path, Caches.Identity());
        File.Delete(folder["manifest.json"]);

        var error = Assert.Throws<CheckFailedException>(
            () => LogitCacheWriter.OpenOrResume(folder.Path, Caches.Identity(), Caches.BatchSize));
        Assert.Contains("lost its manifest", error.Message);
    }

    [Fact]
    public void OpenOrResume_SecondWriter_IsRefused()
    {
        using var first = LogitCacheWriter.OpenOrResume(folder.Path, Caches.Identity(), Caches.BatchSize);

        var error = Assert.Throws<InputException>(
            () => LogitCacheWriter.OpenOrResume(folder.Path, Caches.Identity(), Caches.BatchSize));
        Assert.Contains("Another onnxkd", error.Message);
    }

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.NegativeInfinity)]
    public void Append_NonFiniteValue_NamesTheSampleAndKeepsTheRest(float bad)
    {
        using var writer = Open(folder.Path, Caches.Identity(), rowsPerShard: OneShard);
        Caches.Fill(writer, Caches.Identity(), stop: row => row == 12);
        var batch = Caches.Batch(12, 4, Caches.Classes);
        batch[5] = bad;

        var error = Assert.Throws<CheckFailedException>(() => writer.Append(batch));

        // Row 13 is view 1 of sample 3, whose id is 103.
        Assert.Contains("sample 103, view 1, stream 'logits', class 2", error.Message);
        Assert.Equal(12, writer.NextRow);
    }

    [Fact]
    public void Append_WrongNumberOfRows_Throws()
    {
        using var writer = LogitCacheWriter.OpenOrResume(folder.Path, Caches.Identity(), Caches.BatchSize);

        Assert.Throws<ArgumentException>(() => writer.Append(new float[3 * Caches.Classes]));
        Assert.Throws<InvalidOperationException>(() => writer.Complete());
    }

    [Fact]
    public void OpenOrResume_InconsistentIdentity_Throws()
    {
        var identity = Caches.Identity();
        var stream = identity.Streams[0];
        CacheIdentity[] wrong =
        [
            identity with { Streams = [] },
            identity with { Streams = [stream, stream] },
            identity with { Streams = [stream with { Shape = [] }] },
            identity with { Streams = [stream with { Shape = [3, 0] }] },
            identity with { Streams = [stream with { Shape = [1 << 20, 1 << 20, 1 << 20, 1 << 20] }] },
            identity with { Streams = [stream with { Name = "ids" }] },
            identity with { Streams = [stream with { Name = "a/b" }] },
            identity with { Streams = [stream with { Teacher = 1 }] },
            identity with { Samples = 0 },
            identity with { Views = 0 },
            identity with { Samples = long.MaxValue },
            identity with { SamplesDigest = "abc" },
            identity with { Teachers = [] },
            identity with { Combination = Combination.MeanOfLogits },
            identity with { Teachers = [identity.Teachers[0] with { Weight = 0.5 }] },
        ];

        Assert.All(wrong, i => Assert.Throws<ArgumentException>(() => LogitCacheWriter.OpenOrResume(folder.Path, i, 4)));
    }

    private static void Run(
        string cache, CacheIdentity identity, Action<string>? afterStep, List<long> asked, int rowsPerShard = RowsPerShard)
    {
        using var writer = Open(cache, identity, rowsPerShard, afterStep);
        Caches.Fill(writer, identity, stop: row =>
        {
            asked.Add(row);
            return false;
        });
        Assert.True(writer.Complete());
    }

    private static LogitCacheWriter Open(string cache, CacheIdentity identity, int rowsPerShard, Action<string>? afterStep = null) =>
        LogitCacheWriter.OpenOrResume(cache, identity, Caches.BatchSize, CachePart.Whole, rowsPerShard, afterStep);

    private static void Reset(string cache, byte[] manifest)
    {
        foreach (var file in Directory.EnumerateFiles(cache, "rows-*").ToList())
            File.Delete(file);
        File.WriteAllBytes(Path.Combine(cache, "manifest.json"), manifest);
    }

    private sealed class KilledException : Exception;
}
