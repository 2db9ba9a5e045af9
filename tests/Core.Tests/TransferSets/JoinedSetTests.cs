using System.Runtime.InteropServices;
using System.Text;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Files;
using OnnxKd.Core.TransferSets;

namespace OnnxKd.Core.Tests.TransferSets;

/// <summary>Sets of several files, held to one file with the same rows.</summary>
public sealed class JoinedSetTests : IDisposable
{
    // Six rows of two values.
    private static readonly float[] all = [.. Enumerable.Range(0, 12).Select(i => i * 1.5f)];

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Open_Pattern_IsTheSetOfAllRowsInOrdinalOrder()
    {
        WriteParts();
        using var whole = TransferSet.Open(new() { Samples = Npy("whole.npy", all) });
        using var joined = TransferSet.Open(new() { Samples = Pattern("part-*.npy") });

        Assert.Equal(6, joined.Count);
        Assert.Equal(whole.SamplesDigest, joined.SamplesDigest);
        Assert.Equal(all, TestSets.Read(joined, 0, 1, 2, 3, 4, 5));
        Assert.Equal([all[10], all[11], all[2], all[3], all[4], all[5], all[6], all[7]], TestSets.Read(joined, 5, 1, 2, 3));
    }

    [Fact]
    public void Open_PartOfAPattern_KeepsIdsAndCanBeHeld()
    {
        WriteParts();
        using var joined = TransferSet.Open(new() { Samples = Pattern("part-*.npy"), First = 1, Count = 4 });
        joined.HoldIfSmall();

        Assert.Equal((1, 4), (joined.IdOf(0), joined.IdOf(3)));
        Assert.Equal(all[2..10], TestSets.Read(joined, 0, 1, 2, 3));
    }

    [Fact]
    public void Open_TablesWithLabels_TakesBothFromEachFile()
    {
        folder.Write("b.csv", Encoding.UTF8.GetBytes("x,label\n3,1\n"));
        folder.Write("a.csv", Encoding.UTF8.GetBytes("x,label\n1,0\n2,2\n"));

        using var set = TransferSet.Open(new() { Samples = Pattern("*.csv"), Labels = Pattern("*.csv") });

        Assert.Equal([1, 2, 3], TestSets.Read(set, 0, 1, 2));
        Assert.Equal([0, 2, 1], set.Labels.ToArray());
    }

    [Fact]
    public void Open_FoldersBetween_AreSearched()
    {
        Directory.CreateDirectory(Path.Combine(folder.Path, "year", "2"));
        Npy("year/2/x.npy", all[4..]);
        Npy("year/x.npy.gz", all[..4], gzip: true);
        Npy("year/x.npy", all[..4]);

        using var set = TransferSet.Open(new() { Samples = Pattern("year/**/x.npy") });

        Assert.Equal([.. all[4..], .. all[..4]], TestSets.Read(set, 0, 1, 2, 3, 4, 5)); // "year/2/x.npy" comes before "year/x.npy"
    }

    [Fact]
    public void Open_FileWhoseNameHoldsAStar_IsThatFile()
    {
        WriteParts();
        Npy("part-*.npy", all[..2]);

        using var set = TransferSet.Open(new() { Samples = Pattern("part-*.npy") });

        Assert.Equal(1, set.Count);
    }

    [Theory]
    [InlineData("nothing-*.npy", "No file matches a pattern")]
    [InlineData("nowhere/*.npy", "no folder")]
    [InlineData("*.npy", "float32 [3] in each row")] // two values in the first, three in another
    public void Open_PatternThatIsNoSet_IsRefused(string pattern, string message)
    {
        WriteParts();
        folder.Write("z.npy", TestSets.Npy("<f4", "(1, 3)", new byte[12]));

        Assert.Contains(message, Assert.Throws<InputException>(() => TransferSet.Open(new() { Samples = Pattern(pattern) })).Message);
    }

    [Fact]
    public void RequireUnchanged_OnePartIsWritten_IsSeen()
    {
        WriteParts();
        using var set = TransferSet.Open(new() { Samples = Pattern("part-*.npy") });
        _ = set.SamplesDigest;
        using (var file = new FileStream(Path.Combine(folder.Path, "part-2.npy"), FileMode.Open, FileAccess.Write, FileShare.ReadWrite))
        {
            file.Position = file.Length - 1;
            file.WriteByte(7);
        }

        Assert.Throws<CheckFailedException>(set.RequireUnchanged);
    }

    [Fact]
    public void Expand_PlainPath_IsItself() => Assert.Equal(["a/b.npy"], FilePattern.Expand("a/b.npy"));

    private void WriteParts()
    {
        Npy("part-2.npy", all[6..]);
        Npy("part-10.npy", all[..2]);
        Npy("part-11.npy", all[2..6]);
    }

    private string Pattern(string name) => Path.Combine(folder.Path, name);

    private string Npy(string name, float[] values, bool gzip = false)
    {
        var bytes = TestSets.Npy("<f4", $"({values.Length / 2}, 2)", MemoryMarshal.AsBytes(values.AsSpan()).ToArray());
        return folder.Write(name, gzip ? TestSets.Gzip(bytes) : bytes);
    }
}
