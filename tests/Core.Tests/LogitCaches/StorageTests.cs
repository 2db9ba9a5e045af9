using OnnxKd.Core.Errors;
using OnnxKd.Core.LogitCaches;
using OnnxKd.Core.Randomness;
using OnnxKd.Core.Safetensors;
using OnnxKd.Core.Tensors;

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
        using var shard = SafetensorsFile.Open(folder.File("rows-000000000004-4.safetensors"));
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

    [Fact]
    public void Float16_Values_AreNearestHalves()
    {
        float[] values = [1, -2.5f, 1 + 1f / 2048, 1 + 3f / 2048, 65519, 1e-8f];

        Assert.Equal([1, -2.5f, 1, 1 + 4f / 2048, 65504, 0], RoundTrip(new Float16(), [6], values));
    }

    [Fact]
    public void BFloat16_Values_AreNearestUpperHalves()
    {
        float[] values = [1, -2.5f, 1 + 1f / 256, 1 + 3f / 256, 3.3895e38f, 0];

        Assert.Equal([1, -2.5f, 1, 1 + 4f / 256, BitConverter.UInt32BitsToSingle(0x7F7F0000), 0], RoundTrip(new BFloat16(), [6], values));
    }

    [Fact]
    public void Int8_EachPosition_HasItsOwnScaleAndHalfAStepOfError()
    {
        var values = Random(3 * Classes, 20);
        values.AsSpan(Classes, Classes).Clear();

        var decoded = RoundTrip(new Int8(), [3, Classes], values);

        for (var position = 0; position < 3; position++)
        {
            var range = (position * Classes)..((position + 1) * Classes);
            var step = values[range].Max(Math.Abs) / 127;
            Assert.All(values[range].Zip(decoded[range]), pair => Assert.InRange(Math.Abs(pair.First - pair.Second), 0, step * 0.5001f));
        }
        Assert.Equal(new float[Classes], decoded[Classes..(2 * Classes)]);
    }

    [Fact]
    public void TopK_OfAllClasses_IsExactlyFloat16()
    {
        var values = Random(3 * Classes, 10);

        var topK = RoundTrip(new TopK(Classes, [1, 4]), [3, Classes], values);

        Assert.Equal(RoundTrip(new Float16(), [3, Classes], values), topK);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(49)]
    public void TopK_KeptAndTail_AreThoseOfAPlainSort(int k)
    {
        double[] temperatures = [0.5, 1, 4];
        var values = Random(2 * Classes, 5);
        values[20] = values[30];
        var stream = Stream(new TopK(k, temperatures), [2, Classes]);
        var stored = new byte[stream.Storage.Fields(stream).Sum(f => f.Bytes)];

        Assert.Equal(-1, stream.Storage.Encode(stream, default, values, stored));

        for (var position = 0; position < 2; position++)
        {
            var all = values.AsSpan(position * Classes, Classes).ToArray();
            var order = Enumerable.Range(0, Classes).OrderByDescending(c => all[c]).ThenBy(c => c).ToArray();
            for (var i = 0; i < k; i++)
            {
                Assert.Equal(order[i], BitConverter.ToUInt16(stored, (position * k + i) * 2));
                Assert.Equal((Half)all[order[i]], BitConverter.ToHalf(stored, 4 * k + (position * k + i) * 2));
            }
            for (var t = 0; t < 3; t++)
            {
                var expected = Math.Log(order[k..].Sum(c => Math.Exp(all[c] / temperatures[t])));
                Assert.Equal(expected, BitConverter.ToSingle(stored, 8 * k + (position * 3 + t) * 4), 1e-5 * (1 + Math.Abs(expected)));
            }
        }
    }

    [Fact]
    public void TopK_Decoded_HasTheTeachersProbabilitiesOfTheKeptClasses()
    {
        var values = Random(Classes, 3);

        var decoded = RoundTrip(new TopK(5, [1, 4]), [Classes], values);

        var (expected, found) = (Softmax(values), Softmax(decoded));
        var kept = Enumerable.Range(0, Classes).OrderByDescending(c => values[c]).Take(5).ToArray();
        Assert.All(kept, c => Assert.Equal(expected[c], found[c], 2e-3));
        Assert.Single(Enumerable.Range(0, Classes).Except(kept).Select(c => decoded[c]).Distinct());
    }

    [Fact]
    public void TopK_WithoutTail_LeavesTheDroppedNothing()
    {
        var found = Softmax(RoundTrip(new TopK(3, []), [4], [1, 2, 3, 4]));

        Assert.Equal([0, 0.0900, 0.2447, 0.6652], found.Select(p => Math.Round(p, 4)));
    }

    [Fact]
    public void TopK_ManyClasses_HasWideIds()
    {
        var values = new float[70_000];
        values[69_999] = 2;
        var stream = Stream(new TopK(1, [1]), [70_000]);

        Assert.Equal(ElementType.Int32, stream.Storage.Fields(stream)[0].Type);
        Assert.Equal(2, RoundTrip(stream.Storage, [70_000], values)[69_999]);
    }

    /// <summary>Pearson's statistic over 20,000 rows of 5 draws; the 99.9th percentile for 9 degrees of freedom is 27.9.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void Sampled_Frequencies_FitTheTeachersDistribution(double temperature)
    {
        const int Rows = 20_000;
        var values = Random(10, 2);
        var stream = Stream(new Sampled(5, temperature), [10]);
        var stored = new byte[15];
        var drawn = new long[10];
        for (var id = 0; id < Rows; id++)
        {
            Assert.Equal(-1, stream.Storage.Encode(stream, new(7, id, 0), values, stored));
            for (var i = 0; i < 5; i++)
                drawn[BitConverter.ToUInt16(stored, 2 * i)] += stored[10 + i];
        }

        var expected = Softmax([.. values.Select(v => v / (float)temperature)]).Select(p => p * Rows * 5).ToArray();
        Assert.Equal(Rows * 5, drawn.Sum());
        Assert.InRange(drawn.Zip(expected, (n, e) => (n - e) * (n - e) / e).Sum(), 0, 27.9);
    }

    [Fact]
    public void Sampled_Draws_DependOnSeedSampleAndViewAlone()
    {
        var values = Random(Positions * Classes, 1);
        var stream = Stream(new Sampled(300, 1), [Positions, Classes]);

        byte[] Encode(RowKey key)
        {
            var stored = new byte[stream.Storage.Fields(stream).Sum(f => f.Bytes)];
            stream.Storage.Encode(stream, key, values, stored);
            return stored;
        }

        Assert.Equal(Encode(new(1, 2, 3)), Encode(new(1, 2, 3)));
        Assert.All<RowKey>([new(0, 2, 3), new(1, 0, 3), new(1, 2, 0)], key => Assert.NotEqual(Encode(new(1, 2, 3)), Encode(key)));
    }

    [Fact]
    public void Sampled_Decoded_IsTheLogarithmOfTheFrequencies()
    {
        var values = Random(Classes, 2);
        var stream = Stream(new Sampled(20, 2), [Classes]);
        var stored = new byte[60];
        stream.Storage.Encode(stream, new(1, 2, 3), values, stored);
        var decoded = new float[Classes];

        stream.Storage.Decode(stream, stored, decoded);

        var counts = new int[Classes];
        for (var i = 0; i < 20; i++)
            counts[BitConverter.ToUInt16(stored, 2 * i)] += stored[40 + i];
        var softened = Softmax([.. decoded.Select(v => v / 2)]);
        Assert.All(Enumerable.Range(0, Classes).Where(c => counts[c] > 0), c => Assert.Equal(counts[c] / 20.5, softened[c], 1e-6));
        Assert.Equal(0.5 / 20.5, Enumerable.Range(0, Classes).Where(c => counts[c] == 0).Sum(c => softened[c]), 1e-6);
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

    private static CacheStream Stream(StreamStorage storage, int[] shape) => new("logits", "logits", 0, StreamKind.Logit, shape, storage);

    private static CacheIdentity Identity(StreamStorage storage, int[] shape) => Caches.Identity() with { Streams = [Stream(storage, shape)] };

    private static float[] Random(int count, float scale)
    {
        var random = new CounterRandom(5, RandomPurpose.Verification);
        var values = new float[count];
        for (var i = 0; i < count; i++)
            values[i] = (float)random.NextGaussian() * scale;
        return values;
    }

    private static double[] Softmax(float[] values)
    {
        var shares = values.Select(v => Math.Exp((double)v - values.Max())).ToArray();
        return [.. shares.Select(share => share / shares.Sum())];
    }

    private static float[] RoundTrip(StreamStorage storage, int[] shape, float[] values)
    {
        var stream = Stream(storage, shape);
        var stored = new byte[storage.Fields(stream).Sum(f => f.Bytes)];
        Assert.Equal(-1, storage.Encode(stream, default, values, stored));
        var decoded = new float[values.Length];
        storage.Decode(stream, stored, decoded);
        return decoded;
    }

    /// <summary>What a row must be when read: encoded and decoded by itself.</summary>
    private static float[] Decoded(CacheIdentity identity, long row, string name = "logits")
    {
        var index = identity.Streams.ToList().FindIndex(s => s.Name == name);
        var stream = identity.Streams[index];
        var stored = new byte[stream.Storage.Fields(stream).Sum(f => f.Bytes)];
        stream.Storage.Encode(stream, new(identity.Seed, identity.FirstId + row % identity.Samples, (int)(row / identity.Samples)), Caches.Rows(identity, row, 1)[index], stored);
        var values = new float[stream.Values];
        stream.Storage.Decode(stream, stored, values);
        return values;
    }

    private void Write(CacheIdentity identity) => Caches.Write(folder.Path, identity);
}
