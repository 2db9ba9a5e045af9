using OnnxKd.Core.Errors;
using OnnxKd.Core.TransferSets;

namespace OnnxKd.Core.Tests.TransferSets;

public sealed class IdxTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    /// <summary>Three 2×2 images of bytes, written out by hand.</summary>
    private static readonly byte[] Images = [0, 0, 8, 3, 0, 0, 0, 3, 0, 0, 0, 2, 0, 0, 0, 2, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 255];

    private static readonly byte[] Labels = [0, 0, 8, 1, 0, 0, 0, 3, 2, 0, 1];

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Open_Bytes_ReadsShapeValuesAndLabels()
    {
        using var set = TransferSet.Open(new() { Samples = folder.Write("i", Images), Labels = folder.Write("l", Labels) });

        Assert.Equal(3, set.Count);
        Assert.Equal([2, 2], set.SampleShape);
        Assert.Equal([9, 10, 11, 255, 1, 2, 3, 4], TestSets.Read(set, 2, 0));
        Assert.Equal([2, 0, 1], set.Labels.ToArray());
    }

    [Theory]
    [InlineData("images.gz")]
    [InlineData("images-with-another-name")]
    public void Open_Gzipped_IsToldFromItsContent(string name)
    {
        using var set = TransferSet.Open(new() { Samples = folder.Write(name, TestSets.Gzip(Images)) });
        using var raw = TransferSet.Open(new() { Samples = folder.Write("raw", Images) });

        Assert.Equal([5, 6, 7, 8], TestSets.Read(set, 1));
        Assert.False(set.IsLabelled);
        Assert.Equal(raw.SamplesDigest, set.SamplesDigest);
    }

    [Theory]
    [InlineData(0x09, new byte[] { 0xFE, 3 }, -2f, 3f)]
    [InlineData(0x0B, new byte[] { 0xFF, 0xFE, 1, 0 }, -2f, 256f)]
    [InlineData(0x0C, new byte[] { 0xFF, 0xFF, 0xFF, 0xFE, 0, 1, 0, 0 }, -2f, 65536f)]
    [InlineData(0x0D, new byte[] { 0x3F, 0xC0, 0, 0, 0xC0, 0, 0, 0 }, 1.5f, -2f)]
    [InlineData(0x0E, new byte[] { 0x3F, 0xF8, 0, 0, 0, 0, 0, 0, 0xC0, 0, 0, 0, 0, 0, 0, 0 }, 1.5f, -2f)]
    public void Open_EveryElementType_ReadsBigEndianValues(byte type, byte[] data, float first, float second)
    {
        using var set = TransferSet.Open(new() { Samples = folder.Write("x", [0, 0, type, 2, 0, 0, 0, 1, 0, 0, 0, 2, .. data]) });

        Assert.Equal([first, second], TestSets.Read(set, 0));
    }

    [Fact]
    public void Open_PartOfASet_KeepsIds()
    {
        using var set = TransferSet.Open(new()
        {
            Samples = folder.Write("i", Images), Labels = folder.Write("l", Labels), First = 1, Count = 2,
        });

        Assert.Equal(2, set.Count);
        Assert.Equal(1, set.IdOf(0));
        Assert.Equal([0, 1], set.Labels.ToArray());
        Assert.Equal([5, 6, 7, 8], TestSets.Read(set, 0));
    }

    [Fact]
    public void Open_EveryTruncation_IsRefused()
    {
        for (var length = 0; length < Images.Length; length++)
        {
            var path = folder.Write("cut", Images.AsSpan(0, length));
            Assert.Throws<InputException>(() => TransferSet.Open(new() { Samples = path }));
        }
    }

    [Fact]
    public void Open_TruncatedGzip_IsRefused()
    {
        var whole = TestSets.Gzip(Images);
        for (var length = 2; length < whole.Length; length++)
        {
            var path = folder.Write("cut", whole.AsSpan(0, length));
            Assert.Throws<InputException>(() => TransferSet.Open(new() { Samples = path }));
        }
    }

    [Theory]
    [InlineData(0, 1, "format of a data file is not known")]
    [InlineData(2, 7, "unknown element type")]
    [InlineData(3, 2, "longer than its header")]
    [InlineData(7, 0, "empty")]
    [InlineData(7, 4, "truncated")]
    [InlineData(4, 0xFF, "truncated")]
    public void Open_ByteOfHeaderChanged_IsRefused(int index, byte value, string message)
    {
        var bytes = (byte[])Images.Clone();
        bytes[index] = value;
        var path = folder.Write("bad", bytes);

        Assert.Contains(message, Assert.Throws<InputException>(() => TransferSet.Open(new() { Samples = path })).Message);
    }

    [Fact]
    public void Open_HugeShape_IsRefusedWithoutAllocating()
    {
        byte[] bytes = [0, 0, 8, 4, .. Enumerable.Repeat((byte)0xFF, 16)];
        var path = folder.Write("huge", bytes);

        Assert.Contains("impossible", Assert.Throws<InputException>(() => TransferSet.Open(new() { Samples = path })).Message);
    }
}
