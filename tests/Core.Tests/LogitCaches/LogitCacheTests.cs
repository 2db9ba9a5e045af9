using OnnxKd.Core.Errors;
using OnnxKd.Core.LogitCaches;
using OnnxKd.Core.Preparation;
using OnnxKd.Core.Preparation.Steps;
using OnnxKd.Core.Safetensors;
using OnnxKd.Core.TransferSets;

namespace OnnxKd.Core.Tests.LogitCaches;

public sealed class LogitCacheTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Read_AnyOrderAndView_GivesTheAppendedRows()
    {
        Caches.Write(folder.Path, Caches.Identity());
        using var cache = LogitCache.Open(folder.Path);
        var values = new float[3 * Caches.Classes];

        cache.Read(cache.Stream(), [9, 0, 3], 1, values);

        Assert.Equal([19f, 19.1f, 19.2f, 10f, 10.1f, 10.2f, 13f, 13.1f, 13.2f], values);
        Assert.Equal(Caches.Identity(), cache.Identity);
        Assert.Equal(20, cache.Identity.BytesPerRow);
    }

    [Fact]
    public void Shard_ReadAsSafetensors_HasLogitsAndIds()
    {
        Caches.Write(folder.Path, Caches.Identity());

        using var shard = SafetensorsFile.Open(folder["rows-000000000004-4.safetensors"]);

        Assert.Equal([4L, 3L], shard.Tensors["logits"].Shape);
        Assert.Equal(Caches.Value(7, 2), shard.ToFloats("logits")[^1]);
        Assert.Equal([104f, 105f, 106f, 107f], shard.ToFloats("ids"));
    }

    [Fact]
    public void Read_OutsideTheCache_Throws()
    {
        Caches.Write(folder.Path, Caches.Identity());
        using var cache = LogitCache.Open(folder.Path);

        Assert.Throws<ArgumentOutOfRangeException>(() => cache.Read(cache.Stream(), [10], 0, new float[3]));
        Assert.Throws<ArgumentOutOfRangeException>(() => cache.Read(cache.Stream(), [-1], 0, new float[3]));
        Assert.Throws<ArgumentOutOfRangeException>(() => cache.Read(cache.Stream(), [0], 2, new float[3]));
    }

    [Fact]
    public void Open_AnyTruncation_IsNoticed()
    {
        Caches.Write(folder.Path, Caches.Identity());
        foreach (var name in Caches.Content(folder.Path).Keys)
        {
            var original = File.ReadAllBytes(folder[name]);
            for (var length = original.Length - 1; length >= 0; length -= 1 + length / 40)
            {
                folder.Write(name, original.AsSpan(0, length));
                Assert.Throws<CheckFailedException>(() => LogitCache.Open(folder.Path));
            }
            folder.Write(name, original);
        }
    }

    [Fact]
    public void Open_MissingShard_IsNoticed()
    {
        Caches.Write(folder.Path, Caches.Identity());
        File.Delete(folder["rows-000000000004-4.safetensors"]);

        Assert.Contains("no such file", Assert.Throws<CheckFailedException>(() => LogitCache.Open(folder.Path)).Message);
    }

    /// <summary>The pages of mapped files are what grows (/proc tells); other tests of this process hold next to none.</summary>
    [Fact]
    public void Read_CacheOf160MiB_KeepsNothingOfItInMemory()
    {
        const int Values = 1 << 18;
        const int Samples = 160;
        Caches.Write(folder.Path, Caches.Identity(samples: Samples, classes: Values, views: 1), batchSize: 8);
        using var cache = LogitCache.Open(folder.Path);
        var (stream, row) = (cache.Stream(), new float[Values]);
        var before = MappedBytes();
        long most = 0;

        for (var sample = 0L; sample < Samples; sample++)
        {
            cache.Read(stream, [sample], 0, row);
            Assert.Equal(Caches.Value(sample, Values - 1), row[^1]);
            most = Math.Max(most, MappedBytes() - before);
        }

        Assert.InRange(most, 0, 16 << 20);

        static long MappedBytes() => 1024 * long.Parse(
            File.ReadLines("/proc/self/status").First(line => line.StartsWith("RssFile:", StringComparison.Ordinal)).Split(' ')[^2],
            System.Globalization.CultureInfo.InvariantCulture);
    }

    [Fact]
    public void Open_NotACache_IsRefused()
    {
        Assert.Throws<InputException>(() => LogitCache.Open(folder.Path));
        Assert.Throws<InputException>(() => LogitCache.Open(folder["nowhere"]));
    }

    [Fact]
    public void Open_OfAnotherVersion_SaysSo()
    {
        Caches.Write(folder.Path, Caches.Identity());
        var manifest = File.ReadAllText(folder["manifest.json"]);
        File.WriteAllText(folder["manifest.json"], manifest.Replace("\"version\": 2", "\"version\": 1", StringComparison.Ordinal));

        Assert.Contains("another version", Assert.Throws<InputException>(() => LogitCache.Open(folder.Path)).Message);
    }

    [Fact]
    public void Open_Unfinished_IsRefused()
    {
        using (var writer = LogitCacheWriter.OpenOrResume(folder.Path, Caches.Identity(), Caches.BatchSize))
            Caches.Fill(writer, Caches.Identity());

        Assert.Contains("not finished", Assert.Throws<CheckFailedException>(() => LogitCache.Open(folder.Path)).Message);
    }

    public static TheoryData<string, Func<CacheIdentity, CacheIdentity>> OtherIdentities => new()
    {
        { "teachers[0].digest", i => i with { Teachers = [i.Teachers[0] with { Digest = new string('c', 64) }] } },
        { "teachers[0].output", i => i with { Teachers = [i.Teachers[0] with { Output = "probabilities" }] } },
        { "teachers[0].preprocessing.scale", i => i with { Teachers = [i.Teachers[0] with { Preprocessing = Preprocessing.None }] } },
        { "streams[0].kind", i => i with { Streams = [i.Streams[0] with { Kind = StreamKind.LogProbability }] } },
        { "provider", i => i with { Provider = "cuda" } },
        { "augmentation.steps[0].pixels", i => i with { Augmentation = new(new ShiftStep(1)) } },
        { "seed", i => i with { Seed = 8 } },
        { "views", i => i with { Views = 3 } },
        { "samples_digest", i => i with { SamplesDigest = new string('d', 64) } },
        { "samples", i => i with { Samples = 11 } },
        { "first_id", i => i with { FirstId = 0 } },
        { "streams[0].shape[0]", i => i with { Streams = [i.Streams[0] with { Shape = [4] }] } },
        { "integers", i => i with { Integers = "x64-vnni exact" } },
        { "teachers[0].class_axis", i => i with { Teachers = [i.Teachers[0] with { ClassAxis = 2 }] } },
    };

    [Theory]
    [MemberData(nameof(OtherIdentities))]
    public void Identity_OneFieldDiffers_IsNamed(string field, Func<CacheIdentity, CacheIdentity> change)
    {
        var other = change(Caches.Identity());
        Caches.Write(folder.Path, Caches.Identity());
        var before = Caches.Content(folder.Path);
        using var cache = LogitCache.Open(folder.Path);

        foreach (var error in (Exception[])
            [
                Assert.Throws<CheckFailedException>(() => cache.RequireIdentity(other)),
                Assert.Throws<CheckFailedException>(() => LogitCacheWriter.OpenOrResume(folder.Path, other, Caches.BatchSize)),
            ])
            Assert.Contains($"made with another {field}.", error.Message);
        Assert.Equal(before, Caches.Content(folder.Path));
        Assert.NotEqual(other, Caches.Identity());
    }

    [Fact]
    public void Identity_TeacherFileRenamed_IsTheSame()
    {
        var renamed = Caches.Identity() with { Teachers = [Caches.Identity().Teachers[0] with { File = "other.onnx" }] };

        Assert.Equal(Caches.Identity(), renamed);
        Assert.Equal(Caches.Identity().GetHashCode(), renamed.GetHashCode());
    }

    [Fact]
    public void RequireSamples_OtherSet_IsNamed()
    {
        byte[] header = [0, 0, 8, 2, 0, 0, 0, 4, 0, 0, 0, 1];
        using var set = TransferSet.Open(new() { Samples = folder.Write("a", [.. header, 1, 2, 3, 4]) });
        using var part = TransferSet.Open(new() { Samples = folder.Write("b", [.. header, 9, 1, 2, 3]), First = 1 });
        using var changed = TransferSet.Open(new() { Samples = folder.Write("c", [.. header, 1, 2, 3, 5]) });
        Caches.Write(folder["cache"], Caches.Identity() with { Samples = 4, FirstId = 0, SamplesDigest = set.SamplesDigest });
        using var cache = LogitCache.Open(folder["cache"]);

        cache.RequireSamples(set);

        Assert.Contains("another samples.", Assert.Throws<CheckFailedException>(() => cache.RequireSamples(part)).Message);
        Assert.Contains("samples_digest", Assert.Throws<CheckFailedException>(() => cache.RequireSamples(changed)).Message);
    }

    [Fact]
    public void Manifest_Bytes_AreCanonical()
    {
        Caches.Write(folder.Path, Caches.Identity(), batchSize: 4);
        using var other = new TemporaryFolder();
        Caches.Write(other.Path, Caches.Identity(), batchSize: 4);

        Assert.Equal(Caches.Content(folder.Path), Caches.Content(other.Path));
        var manifest = File.ReadAllText(folder["manifest.json"]);
        Assert.StartsWith("{\n  \"format\": \"onnxkd-logit-cache\",\n  \"version\": 2,\n", manifest, StringComparison.Ordinal);
    }
}
