using OnnxKd.Core.Errors;
using OnnxKd.Core.LogitCaches;
using OnnxKd.Core.Safetensors;
using static OnnxKd.Core.Tests.LogitCaches.StoredRows;

namespace OnnxKd.Core.Tests.LogitCaches;

public sealed class StorageTests : IDisposable
{
    private const int Positions = 2;
    private const int Classes = 50;

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    public static TheoryData<StreamStorage> All => [.. Caches.Storages(Classes)];

    [Theory]
    [MemberData(nameof(All))]
    public void Read_RowsOfAnyOrder_AreTheStoragesOwnDecoding(StreamStorage storage)
    {
        var identity = Identity(storage, [Positions, Classes]);
        Write(identity);
        using var cache = LogitCache.Open(folder.Path);
        var stream = cache.Stream();
        var read = new float[2 * stream.Values];

        cache.Read(stream, [7, 2], 1, read);

        Assert.Equal([.. Decoded(identity, 17), .. Decoded(identity, 12)], read);
        Assert.Equal(storage, stream.Storage);
    }

    [Theory]
    [MemberData(nameof(All))]
    public void ReadField_EachField_IsTheTensorOfTheShard(StreamStorage storage)
    {
        Write(Identity(storage, [Positions, Classes]));
        using var cache = LogitCache.Open(folder.Path);
        using var shard = SafetensorsFile.Open(folder["rows-000000000004-4.safetensors"]);
        var stream = cache.Stream();
        var fields = storage.Fields(stream);

        foreach (var field in fields)
        {
            var tensor = fields.Count == 1 ? "logits" : $"logits/{field.Name}";
            var read = new byte[4 * field.Bytes];
            cache.ReadField(stream, field.Name, [4, 5, 6, 7], 0, read);

            Assert.Equal(shard.Bytes(tensor), read);
            Assert.Equal([4, .. field.Shape.Select(size => (long)size)], shard.Tensors[tensor].Shape);
        }
        Assert.Throws<ArgumentException>(() => cache.ReadField(stream, "nothing", [0], 0, new byte[100]));
    }

    public static TheoryData<StreamStorage, float> TooLarge => new()
    {
        { new Float16(), 65520 },
        { new Float16(), float.NaN },
        { new BFloat16(), 3.4e38f },
        { new Int8(), float.PositiveInfinity },
        { new TopK(2, [1]), 70_000 },
        { new TopK(2, [1]), float.NegativeInfinity },
        { new Sampled(2, 1), float.NaN },
    };

    [Theory]
    [MemberData(nameof(TooLarge))]
    public void Append_ValueThatDoesNotFit_NamesThePlace(StreamStorage storage, float value)
    {
        var identity = Identity(storage, [Positions, Classes]);
        using var writer = LogitCacheWriter.OpenOrResume(folder.Path, identity, Caches.BatchSize);
        var batch = Caches.Rows(identity, 0, Caches.BatchSize)[0];
        batch[(2 * Positions + 1) * Classes + 9] = value;

        var error = Assert.Throws<CheckFailedException>(() => writer.Append(batch));

        Assert.Contains("sample 102, view 0, stream 'logits', position 1, class 9", error.Message);
        Assert.Equal(0, writer.NextRow);
    }

    public static TheoryData<StreamStorage> Unfit =>
    [
        new TopK(0, [1]), new TopK(Classes + 1, [1]), new TopK(2, [0]), new TopK(2, [4, 1]), new TopK(2, [1, 1]), new TopK(2, [double.NaN]),
        new Sampled(0, 1), new Sampled(65_536, 1), new Sampled(5, 0), new Sampled(5, double.PositiveInfinity),
    ];

    [Theory]
    [MemberData(nameof(Unfit))]
    public void OpenOrResume_StorageThatDoesNotFit_Throws(StreamStorage storage) => Assert.Throws<ArgumentException>(
        () => LogitCacheWriter.OpenOrResume(folder.Path, Identity(storage, [Classes]), Caches.BatchSize));

    [Fact]
    public void OpenOrResume_FeaturesAsTopK_Throws()
    {
        var identity = Identity(new TopK(2, [1]), [Classes]);
        identity = identity with { Streams = [identity.Streams[0] with { Kind = StreamKind.Feature }] };

        Assert.Throws<ArgumentException>(() => LogitCacheWriter.OpenOrResume(folder.Path, identity, Caches.BatchSize));
    }

    [Fact]
    public void Streams_Several_AreKeptApart()
    {
        var identity = Caches.Identity() with
        {
            Streams =
            [
                new("first", "a", 0, StreamKind.Logit, [4], new Float32()),
                new("second.frames", "b", 0, StreamKind.LogProbability, [3, 2], new Int8()),
                new("features", "c", 0, StreamKind.Feature, [2, 2, 2], new BFloat16()),
            ],
        };
        Write(identity);
        using var cache = LogitCache.Open(folder.Path);

        foreach (var stream in cache.Streams)
        {
            var read = new float[stream.Values];
            cache.Read(cache.Stream(stream.Name), [3], 1, read);
            Assert.Equal(Decoded(identity, 13, stream.Name), read);
        }
        Assert.Contains("second.frames", Assert.Throws<InputException>(() => cache.Stream()).Message);
        Assert.Contains("features", Assert.Throws<InputException>(() => cache.Stream("third")).Message);
    }

    private static CacheIdentity Identity(StreamStorage storage, int[] shape) =>
        Caches.Identity() with { Streams = [Stream(storage, shape)] };

    /// <summary>What a row must be when read: encoded and decoded by itself.</summary>
    private static float[] Decoded(CacheIdentity identity, long row, string name = "logits")
    {
        var index = identity.Streams.ToList().FindIndex(s => s.Name == name);
        var stream = identity.Streams[index];
        var stored = new byte[stream.BytesPerRow];
        var key = new RowKey(identity.Seed, identity.FirstId + row % identity.Samples, (int)(row / identity.Samples));
        stream.Storage.Encode(stream, key, Caches.Rows(identity, row, 1)[index], stored);
        var values = new float[stream.Values];
        stream.Storage.Decode(stream, stored, values);
        return values;
    }

    private void Write(CacheIdentity identity) => Caches.Write(folder.Path, identity);
}
