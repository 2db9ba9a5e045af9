using System.IO.Compression;
using OnnxKd.Core.Errors;
using OnnxKd.Core.TransferSets;

namespace OnnxKd.Core.Tests.TransferSets;

public sealed class NpyTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    [Fact]
    public void Open_CompressedArrayThatDeclaresGigabytes_IsRefusedBeforeItIsUnpacked()
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionMode.Compress, leaveOpen: true))
            gzip.Write(TestSets.Npy("<f4", "(750000000, 4)", new byte[4096]));

        var error = Assert.Throws<InputException>(() => TransferSet.Open(new() { Samples = folder.Write("bomb.npy.gz", packed.ToArray()) }));

        Assert.Contains("unpacks to far more", error.Message);
        Assert.Contains("unpack it yourself", error.Message);
    }

    public void Dispose() => folder.Dispose();

    /// <summary>2^24 + 1 has no float32; 2^25 and −2^24 have.</summary>
    [Theory]
    [InlineData(16777217, 16777216f)]
    [InlineData(-16777217, -16777216f)]
    [InlineData(long.MaxValue, 9223372036854775808f)]
    public void FindRounded_WholeNumberThatFloat32DoesNotHold_IsTheFirstOne(long value, float read)
    {
        Npy.Write(folder["x.npy"], [0, 1 << 25, -(1 << 24), value, 16777219, 0], 3, 2);
        using var set = TransferSet.Open(new() { Samples = folder["x.npy"] });
        using var before = TransferSet.Open(new() { Samples = folder["x.npy"], Count = 1 });

        var found = set.FindRounded()!;

        Assert.Equal(("1", "sample 1", $"{value}", read), (found.Column, found.Row, found.Text, found.Value));
        Assert.Null(before.FindRounded());
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Open_EveryVersion_IsRead(int version)
    {
        using var set = TransferSet.Open(new() { Samples = folder.Write("x", TestSets.Npy("|u1", "(3, 2)", [1, 2, 3, 4, 5, 6], version)) });

        Assert.Equal([2], set.SampleShape);
        Assert.Equal([3, 4, 5, 6, 1, 2], TestSets.Read(set, 1, 2, 0));
    }

    [Theory]
    [InlineData("|b1", new byte[] { 1, 0 }, 1f, 0f)]
    [InlineData("|i1", new byte[] { 0xFE, 5 }, -2f, 5f)]
    [InlineData("<i2", new byte[] { 0xFE, 0xFF, 0, 1 }, -2f, 256f)]
    [InlineData(">i2", new byte[] { 0xFF, 0xFE, 1, 0 }, -2f, 256f)]
    [InlineData("<u2", new byte[] { 0xFE, 0xFF, 0, 1 }, 65534f, 256f)]
    [InlineData("<i4", new byte[] { 0xFE, 0xFF, 0xFF, 0xFF, 0, 0, 1, 0 }, -2f, 65536f)]
    [InlineData("<i8", new byte[] { 0xFE, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 9, 0, 0, 0, 0, 0, 0, 0 }, -2f, 9f)]
    [InlineData("<f2", new byte[] { 0, 0x3C, 0, 0xC0 }, 1f, -2f)]
    [InlineData("<f4", new byte[] { 0, 0, 0x80, 0x3F, 0, 0, 0, 0xC0 }, 1f, -2f)]
    [InlineData("<f8", new byte[] { 0, 0, 0, 0, 0, 0, 0xF0, 0x3F, 0, 0, 0, 0, 0, 0, 0, 0xC0 }, 1f, -2f)]
    [InlineData(">f8", new byte[] { 0x3F, 0xF0, 0, 0, 0, 0, 0, 0, 0xC0, 0, 0, 0, 0, 0, 0, 0 }, 1f, -2f)]
    public void Open_EveryElementType_IsRead(string descr, byte[] data, float first, float second)
    {
        using var set = TransferSet.Open(new() { Samples = folder.Write("x.npy", TestSets.Npy(descr, "(2,)", data)) });

        Assert.Empty(set.SampleShape);
        Assert.Equal([first, second], TestSets.Read(set, 0, 1));
    }

    [Theory]
    [InlineData("truncated", "<u2", "(2, 2)", "True")]
    [InlineData("impossible", "|u1", "(4611686018427387904, 4)", "True")]
    [InlineData("not supported", "<c8", "(2, 2)", "False")]
    [InlineData("not supported", "<U4", "(2, 2)", "False")]
    [InlineData("truncated", "<u2", "(2, 2)", "False")]
    [InlineData("longer", "|u1", "(3,)", "False")]
    [InlineData("empty", "|u1", "(0, 2)", "False")]
    [InlineData("no axis", "|u1", "()", "False")]
    [InlineData("'shape'", "|u1", "(2, -2)", "False")]
    [InlineData("'shape'", "|u1", "(99999999999999999999,)", "False")]
    [InlineData("impossible", "|u1", "(4611686018427387904, 4)", "False")]
    [InlineData("'fortran_order'", "|u1", "(2, 2)", "0")]
    public void Open_BadHeader_IsRefused(string message, string descr, string shape, string fortran)
    {
        var path = folder.Write("x.npy", TestSets.Npy(descr, shape, [1, 2, 3, 4], fortran: fortran));

        Assert.Contains(message, Assert.Throws<InputException>(() => TransferSet.Open(new() { Samples = path })).Message);
    }

    [Theory]
    [InlineData("|u1", "(3, 2)", new byte[] { 1, 3, 5, 2, 4, 6 })]
    [InlineData(">i2", "(3, 2)", new byte[] { 0, 1, 0, 3, 0, 5, 0, 2, 0, 4, 0, 6 })]
    [InlineData("|u1", "(1, 2, 3)", new byte[] { 1, 4, 2, 5, 3, 6 })]
    [InlineData("|u1", "(2, 1, 3)", new byte[] { 1, 4, 2, 5, 3, 6 })]
    [InlineData("|u1", "(6,)", new byte[] { 1, 2, 3, 4, 5, 6 })]
    public void Open_FortranOrder_HasTheSamplesOfTheArray(string descr, string shape, byte[] columns)
    {
        var npy = TestSets.Npy(descr, shape, columns, fortran: "True");
        using var set = TransferSet.Open(new() { Samples = folder.Write("x.npy", npy) });
        using var zipped = TransferSet.Open(new() { Samples = folder.Write("x.npz", TestSets.Zip(CompressionLevel.Optimal, ("x.npy", npy))) });

        Assert.Equal([1, 2, 3, 4, 5, 6], TestSets.Read(set, [.. Enumerable.Range(0, (int)set.Count).Select(row => (long)row)]));
        Assert.Equal(set.SamplesDigest, zipped.SamplesDigest);
    }

    // numpy: a = arange(n * 24).reshape(n, 2, 3, 4); a.ravel("F")
    [Fact]
    public void Open_FortranOrderOfSeveralBlocks_HasTheSamplesOfTheArray()
    {
        const int samples = 700_000;
        var data = new byte[samples * 24 * sizeof(int)];
        var at = 0;
        for (var c = 0; c < 4; c++)
            for (var b = 0; b < 3; b++)
                for (var a = 0; a < 2; a++)
                    for (var row = 0; row < samples; row++)
                        BitConverter.TryWriteBytes(data.AsSpan(sizeof(int) * at++), row * 24 + a * 12 + b * 4 + c);

        using var set = TransferSet.Open(new() { Samples = folder.Write("x.npy", TestSets.Npy("<i4", $"({samples}, 2, 3, 4)", data, fortran: "True")) });

        foreach (var row in new long[] { 0, 1, 699_050, 699_051, samples - 1 })
            Assert.Equal(Enumerable.Range((int)row * 24, 24).Select(value => (float)value), TestSets.Read(set, row));
    }

    [Fact]
    public void Open_EveryTruncation_IsRefused()
    {
        var whole = TestSets.Npy("|u1", "(2, 2)", [1, 2, 3, 4]);
        for (var length = 0; length < whole.Length; length++)
        {
            var path = folder.Write("cut", whole.AsSpan(0, length));
            Assert.Throws<InputException>(() => TransferSet.Open(new() { Samples = path }));
        }
    }

    [Theory]
    [InlineData(CompressionLevel.NoCompression)]
    [InlineData(CompressionLevel.Optimal)]
    public void Open_Npz_FindsSamplesAndLabelsByTheirUsualNames(CompressionLevel level)
    {
        var path = folder.Write("set", TestSets.Zip(
            level,
            ("y.npy", TestSets.Npy("<i8", "(2,)", [3, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0])),
            ("x.npy", TestSets.Npy("|u1", "(2, 2)", [1, 2, 3, 4]))));

        using var set = TransferSet.Open(new() { Samples = path, Labels = path });

        Assert.Equal([3, 4], TestSets.Read(set, 1));
        Assert.Equal([3, 1], set.Labels.ToArray());
    }

    [Fact]
    public void Open_NpzWithKeys_TakesThose()
    {
        var path = folder.Write("set", TestSets.Zip(
            CompressionLevel.Fastest,
            ("a.npy", TestSets.Npy("|u1", "(2,)", [1, 2])),
            ("b.npy", TestSets.Npy("|u1", "(2,)", [3, 4]))));

        using var set = TransferSet.Open(new() { Samples = path, SamplesKey = "b", Labels = path, LabelsKey = "a" });

        Assert.Equal([3, 4], TestSets.Read(set, 0, 1));
        Assert.Equal([1, 2], set.Labels.ToArray());
        Assert.Contains("'a'", Refusal(new() { Samples = path, SamplesKey = "aa" }));
        Assert.Contains("not clear", Refusal(new() { Samples = path }));
    }

    [Fact]
    public void Open_DamagedNpz_IsRefused()
    {
        var whole = TestSets.Zip(CompressionLevel.Optimal, ("x.npy", TestSets.Npy("|u1", "(2, 2)", [1, 2, 3, 4])));
        for (var length = 0; length < whole.Length; length++)
        {
            var path = folder.Write("cut", whole.AsSpan(0, length));
            Assert.Throws<InputException>(() => TransferSet.Open(new() { Samples = path }));
        }
        var noArray = folder.Write("no-array", TestSets.Zip(CompressionLevel.Optimal, ("x.npy", [1, 2])));
        var noEntry = folder.Write("no-entry", TestSets.Zip(CompressionLevel.Optimal, ("x.txt", [1]), ("y", [2])));
        Assert.Contains("not an array", Refusal(new() { Samples = noArray }));
        Assert.Contains("none", Refusal(new() { Samples = noEntry }));
    }

    [Theory]
    [InlineData(CompressionLevel.NoCompression)]
    [InlineData(CompressionLevel.Optimal)]
    public void Open_AnyBitOfAnNpzMemberFlipped_IsRefusedOrGivesTheSameSamples(CompressionLevel level)
    {
        var values = new byte[240];
        new Random(5).NextBytes(values);
        var npy = TestSets.Npy("|u1", "(24, 10)", values);
        var whole = TestSets.Zip(level, ("x.npy", npy));
        var start = 30 + "x.npy".Length; // of the member's content, behind its local header
        var isStored = level == CompressionLevel.NoCompression;
        var end = isStored ? start + npy.Length : start + BitConverter.ToInt32(whole, 18);
        for (var at = 0; at < whole.Length; at++)
        {
            var file = whole.ToArray();
            file[at] ^= (byte)(1 << at % 8);
            var path = folder.Write("flipped", file);

            var error = Record.Exception(() =>
            {
                using var set = TransferSet.Open(new() { Samples = path });
                var samples = TestSets.Read(set, [.. Enumerable.Range(0, 24).Select(row => (long)row)]);
                Assert.Equal(values.Select(value => (float)value), samples);
            });

            Assert.True(error is null or InputException, $"bit {at % 8} of byte {at}: {error}");
            if (isStored && at >= start && at < end)
                Assert.True(error is InputException, $"bit {at % 8} of byte {at} was not found");
        }
    }

    [Fact]
    public void Open_ArchiveThatUnpacksToMoreThanItsShape_IsRefusedWithoutUnpackingIt()
    {
        const int mebibytes = 300;
        var npy = TestSets.Npy("|u1", "(2, 2)", [1, 2, 3, 4]);
        using var packed = new MemoryStream();
        using (var archive = new ZipArchive(packed, ZipArchiveMode.Create, leaveOpen: true))
        using (var entry = archive.CreateEntry("x.npy", CompressionLevel.Fastest).Open())
            Fill(entry);
        using var zipped = new MemoryStream();
        using (var gzip = new GZipStream(zipped, CompressionLevel.Fastest, leaveOpen: true))
            Fill(gzip);

        foreach (var file in new[] { packed, zipped })
        {
            var path = folder.Write("bomb", file.ToArray());
            var before = GC.GetTotalAllocatedBytes();
            Assert.Contains("unpacked more than 132", Refusal(new() { Samples = path }));
            Assert.InRange(GC.GetTotalAllocatedBytes() - before, 0, 16 << 20);
        }

        void Fill(Stream stream)
        {
            stream.Write(npy);
            for (var i = 0; i < mebibytes; i++)
                stream.Write(new byte[1 << 20]);
        }
    }

    private static string Refusal(TransferSetOptions options) => Assert.Throws<InputException>(() => TransferSet.Open(options)).Message;
}
