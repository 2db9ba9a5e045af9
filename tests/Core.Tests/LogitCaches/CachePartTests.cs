using OnnxKd.Core.Errors;
using OnnxKd.Core.LogitCaches;
using OnnxKd.Core.Randomness;

namespace OnnxKd.Core.Tests.LogitCaches;

public sealed class CachePartTests : IDisposable
{
    private const int Batches = 13;
    private const int Kills = 50;

    private static readonly CacheIdentity Identity = Caches.Identity(samples: Batches * Caches.BatchSize - 1, views: 1) with
    {
        Streams =
        [
            new("logits", "logits", 0, StreamKind.Logit, [2, 3], new TopK(2, [1, 4])),
            new("drawn", "logits", 0, StreamKind.Logit, [2, 3], new Sampled(4, 1)),
        ],
    };

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData(2)]
    [InlineData(5)]
    [InlineData(13)]
    [InlineData(20)]
    public void Parts_InAnyOrder_GiveTheCacheOfOneProcess(int count)
    {
        Caches.Write(folder["whole"], Identity);
        var order = new long[count];
        for (var i = 0; i < count; i++)
            order[i] = i;
        new CounterRandom((ulong)count, RandomPurpose.Shuffle).Shuffle(order);
        var rows = new List<long>();

        foreach (var index in order)
        {
            using var writer = Open("parts", new((int)index, count));
            rows.AddRange(writer.PendingBatches().Select(batch => batch.First));
            Caches.Fill(writer, Identity);
            Assert.Equal(writer.Rows, writer.StoredRows);
            Assert.Equal(rows.Count == Batches, writer.Complete());
        }

        Assert.Equal(Caches.Content(folder["whole"]), Caches.Content(folder["parts"]));
        Assert.Equal(Enumerable.Range(0, Batches).Select(i => (long)i * Caches.BatchSize), rows.Order());
    }

    /// <summary>Each writer stops at a random step, as if killed, and starts again, until both have finished.</summary>
    [Fact]
    public async Task Parts_WrittenAtOnceAndStoppedAtRandom_GiveTheCacheOfOneProcess()
    {
        Caches.Write(folder["whole"], Identity);
        var expected = Caches.Content(folder["whole"]);
        var kills = 0;
        for (var round = 0; kills < Kills; round++)
        {
            var name = $"parts-{round}";
            var killed = await Task.WhenAll(Enumerable.Range(0, 2).Select(part => Task.Run(() => WriteWithKills(name, part, round))));
            kills += killed.Sum();

            Assert.Equal(expected, Caches.Content(folder[name]));
        }
    }

    [Fact]
    public void Parts_CutAnotherWayAfterAKill_KeepWhatIsThere()
    {
        Caches.Write(folder["whole"], Identity);
        using (var writer = Open("parts", new(1, 3)))
            Caches.Fill(writer, Identity, row => row == 28);
        using (var writer = Open("parts", CachePart.Whole))
        {
            Assert.DoesNotContain(16, writer.PendingBatches().Select(rows => rows.First));
            Assert.Equal(12, writer.StoredRows);
            Caches.Fill(writer, Identity);
            Assert.True(writer.Complete());
        }

        Assert.Equal(Caches.Content(folder["whole"]), Caches.Content(folder["parts"]));
    }

    [Fact]
    public void OpenOrResume_SamePartTwice_IsRefusedAndOthersAreNot()
    {
        using var first = Open("parts", new(0, 2));
        using var other = Open("parts", new(1, 2));

        Assert.Contains("Another onnxkd", Assert.Throws<InputException>(() => Open("parts", new(0, 2))).Message);
    }

    [Fact]
    public void Merge_RowsMissing_NamesThem()
    {
        WritePart(new(1, 4));
        WritePart(new(3, 4));

        var coverage = CacheMerge.Coverage(folder["parts"]);
        var error = Assert.Throws<CheckFailedException>(() => CacheMerge.Merge(folder["parts"]));

        Assert.Equal([new RowRange(0, 12), new(24, 12)], coverage.Missing);
        Assert.Equal((27L, false), (coverage.StoredRows, coverage.Complete));
        Assert.Contains("27 of 51 rows", error.Message);
        Assert.Contains("0 to 11", error.Message);
    }

    [Fact]
    public void Merge_PartsThatNeverSawTheOthers_CompletesTheCache()
    {
        Caches.Write(folder["whole"], Identity);
        WritePart(new(0, 2));
        // The last process was killed between its last shard and the manifest.
        using (var writer = Open("parts", new(1, 2)))
            Caches.Fill(writer, Identity);
        Assert.Contains("cache merge", Assert.Throws<CheckFailedException>(() => LogitCache.Open(folder["parts"])).Message);

        var coverage = CacheMerge.Merge(folder["parts"]);

        Assert.True(coverage.Complete);
        Assert.Equal(Caches.Content(folder["whole"]), Caches.Content(folder["parts"]));
        Assert.True(CacheMerge.Merge(folder["parts"]).Complete);
    }

    [Fact]
    public void Merge_ShardOfAnotherCache_IsRefused()
    {
        const string Name = "rows-000000000008-4.safetensors";
        var other = Identity with { Provider = "cuda" };
        Caches.Write(folder["other"], other);
        using (var writer = Open("parts", CachePart.Whole))
            Caches.Fill(writer, Identity);
        File.Copy(Path.Combine(folder["other"], Name), Path.Combine(folder["parts"], Name), overwrite: true);

        Assert.Contains("identity", Assert.Throws<CheckFailedException>(() => CacheMerge.Merge(folder["parts"])).Message);
    }

    [Fact]
    public void OpenOrResume_PartOutOfRange_Throws()
    {
        Assert.All<CachePart>(
            [new(2, 2), new(-1, 2), new(0, 0)],
            part => Assert.Throws<ArgumentOutOfRangeException>(() => Open("parts", part)));
    }

    private int WriteWithKills(string name, int part, int round)
    {
        var random = new CounterRandom(11, RandomPurpose.Verification, (ulong)part, (uint)round);
        for (var kills = 0; ; kills++)
        {
            var left = random.NextInt32(0, 12);
            try
            {
                using var writer = LogitCacheWriter.OpenOrResume(folder[name], Identity, Caches.BatchSize, new(part, 2), null, _ =>
                {
                    if (left-- == 0)
                        throw new KilledException();
                });
                Caches.Fill(writer, Identity);
                writer.Complete();
                return kills;
            }
            catch (KilledException)
            {
            }
        }
    }

    private void WritePart(CachePart part)
    {
        using var writer = Open("parts", part);
        Caches.Fill(writer, Identity);
        writer.Complete();
    }

    private LogitCacheWriter Open(string name, CachePart part) =>
        LogitCacheWriter.OpenOrResume(folder[name], Identity, Caches.BatchSize, part);

    private sealed class KilledException : Exception;
}
