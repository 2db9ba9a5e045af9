using OnnxKd.Core.Errors;
using OnnxKd.Core.LogitCaches;

namespace OnnxKd.Core.Tests.LogitCaches;

public sealed class RowEncoderTests : IDisposable
{
    private const int Rows = 12;
    private const int Positions = 6;
    private const int Classes = 4_000; // enough values for several threads

    private readonly TemporaryFolder folder = new();

    public static TheoryData<StreamStorage> Storages => [new Float32(), new Float16(), new Int8(), new TopK(16, [1, 4]), new Sampled(20, 1)];

    [Theory]
    [MemberData(nameof(Storages))]
    public void Encode_OnSeveralThreads_GivesTheBytesOfOne(StreamStorage storage)
    {
        using var writer = Open(storage);
        var values = Values();

        Assert.Equal(Encode(writer.Encoder, values, threads: 1), Encode(writer.Encoder, values, threads: 4));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    public void Encode_SeveralValuesThatAreNoNumbers_NamesTheFirstRow(int threads)
    {
        using var writer = Open(new TopK(16, [1, 4]));
        var values = Values();
        values[(9 * Positions + 1) * Classes + 5] = float.NaN;
        values[(7 * Positions + 2) * Classes + 30] = float.PositiveInfinity;

        var error = Assert.Throws<CheckFailedException>(() => Encode(writer.Encoder, values, threads));

        Assert.Contains("sample 107, view 0, stream 'logits', position 2, class 30", error.Message);
    }

    [Fact]
    public void Append_OfEncodedBytes_IsAppendOfValues()
    {
        var values = Values();
        using (var writer = Open(new TopK(16, [1, 4]), "ahead"))
        {
            writer.Append(Encode(writer.Encoder, values, threads: 2));
            writer.Complete();
        }
        using (var writer = Open(new TopK(16, [1, 4]), "values"))
        {
            writer.Append(values);
            writer.Complete();
        }

        var name = Path.GetFileName(Assert.Single(Directory.GetFiles(folder["ahead"], "*.safetensors")));
        Assert.Equal(File.ReadAllBytes(Path.Combine(folder["ahead"], name)), File.ReadAllBytes(Path.Combine(folder["values"], name)));
    }

    [Fact]
    public void Append_OtherNumberOfBytes_IsRefused()
    {
        using var writer = Open(new Float32());

        Assert.Throws<ArgumentException>(() => writer.Append(new byte[(Rows - 1) * writer.Encoder.RowBytes]));
        Assert.Equal(0, writer.NextRow);
    }

    public void Dispose() => folder.Dispose();

    private LogitCacheWriter Open(StreamStorage storage, string name = "cache")
    {
        var identity = Caches.Identity(Rows, Classes, views: 1);
        identity = identity with { Streams = [identity.Streams[0] with { Shape = [Positions, Classes], Storage = storage }] };
        return LogitCacheWriter.OpenOrResume(folder[name], identity, Rows);
    }

    private static byte[] Encode(RowEncoder encoder, float[] values, int threads)
    {
        var stored = new byte[Rows * encoder.RowBytes];
        encoder.Encode(new(0, Rows), [values], stored, threads);
        return stored;
    }

    private static float[] Values() => StoredRows.Random(Rows * Positions * Classes, 4);
}
