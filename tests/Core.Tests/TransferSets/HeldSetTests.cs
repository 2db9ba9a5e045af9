using OnnxKd.Core.TransferSets;

namespace OnnxKd.Core.Tests.TransferSets;

/// <summary>Sets that are kept in memory.</summary>
public sealed class HeldSetTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    /// <summary>Big-endian, and a part of the file: what is held is what would have been read.</summary>
    [Theory]
    [InlineData(0, null)]
    [InlineData(1, null)]
    [InlineData(1, 2L)]
    public void Read_OfAHeldSet_IsWhatTheFileHolds(long first, long? count)
    {
        var path = folder.Write("x", TestSets.Npy(">i2", "(4, 2)", [0, 1, 0, 2, 0, 3, 1, 0, 255, 255, 0, 6, 0, 7, 0, 8]));
        using var read = TransferSet.Open(new() { Samples = path, First = first, Count = count });
        using var held = TransferSet.Open(new() { Samples = path, First = first, Count = count });
        held.HoldIfSmall();
        Assert.True(held.IsHeld);
        Assert.False(read.IsHeld);
        long[] rows = [.. Enumerable.Range(0, (int)read.Count).Select(row => (long)row).Reverse(), 0, 1];
        Assert.Equal(TestSets.Read(read, rows), TestSets.Read(held, rows));
        Assert.Equal(read.SamplesDigest, held.SamplesDigest);
    }

    /// <summary>Specialists read parts of one set, each in its own order.</summary>
    [Fact]
    public void Read_OfASetOfWhichAPartIsHeld_GivesAllOthersToo()
    {
        var path = folder.Write("x", TestSets.Npy("|u1", "(8, 1)", [0, 1, 2, 3, 4, 5, 6, 7]));
        var labels = folder.Write("y", TestSets.Npy("|u1", "(8,)", [0, 1, 0, 1, 0, 1, 0, 1]));
        using var set = TransferSet.Open(new() { Samples = path, Labels = labels });
        set.Select([2, 3, 4], label => label).HoldIfSmall();

        Assert.Equal([0, 5, 7], TestSets.Read(set.Select([0, 5, 7], label => label), 0, 1, 2));
        Assert.Equal([7, 4, 3, 1], TestSets.Read(set, 7, 4, 3, 1));
    }

    [Fact]
    public void Read_OfAHeldSetWhoseFileIsGone_StillGivesItsSamples()
    {
        var path = folder.Write("x", TestSets.Npy("|u1", "(2, 2)", [1, 2, 3, 4]));
        using var set = TransferSet.Open(new() { Samples = path });
        set.HoldIfSmall();
        using (var file = new FileStream(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite))
            file.SetLength(0);
        Assert.Equal([3, 4, 1, 2], TestSets.Read(set, 1, 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => TestSets.Read(set, 2));
    }

    [Theory]
    [InlineData(64 << 20, true)]
    [InlineData((64 << 20) + 1, false)]
    public void HoldIfSmall_OfSomeBytes_HoldsUpTo64MiB(int bytes, bool expected)
    {
        var path = folder["x-idx1-ubyte"];
        using (var file = new FileStream(path, FileMode.Create))
        {
            file.Write([0, 0, 8, 1, (byte)(bytes >> 24), (byte)(bytes >> 16), (byte)(bytes >> 8), (byte)bytes]);
            file.SetLength(8L + bytes);
        }

        using var set = TransferSet.Open(new() { Samples = path });
        set.HoldIfSmall();
        Assert.Equal(expected, set.IsHeld);
    }
}
