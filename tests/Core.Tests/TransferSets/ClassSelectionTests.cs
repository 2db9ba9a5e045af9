using OnnxKd.Core.Errors;
using OnnxKd.Core.TransferSets;

namespace OnnxKd.Core.Tests.TransferSets;

public sealed class ClassSelectionTests : IDisposable
{
    // Row r holds [10 r, 10 r + 1].
    private static readonly byte[] labels = [3, 0, 1, 3, 3, 2, 1, 0];

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Open_WithClassesDropped_IsTheSetWithoutThem()
    {
        using var set = Open(new() { Drop = [3] });
        using var file = TransferSet.Open(new()
        {
            Samples = folder.Write("rest", TestSets.Npy("|u1", "(5, 2)", [10, 11, 20, 21, 50, 51, 60, 61, 70, 71])),
            Labels = folder.Write("rest-labels", TestSets.Npy("|u1", "(5,)", [0, 1, 2, 1, 0])),
        });

        Assert.Equal(5, set.Count);
        Assert.Equal([0, 1, 2, 1, 0], set.Labels.ToArray());
        Assert.Equal([60, 61, 10, 11, 20, 21, 70, 71], TestSets.Read(set, 3, 0, 1, 4));
        Assert.Equal((file.SamplesDigest, file.LabelsDigest), (set.SamplesDigest, set.LabelsDigest));
        Assert.Equal(3, set.LargestLabel); // there are as many classes as before
    }

    [Fact]
    public void Open_WithClassesKept_ReadsThemHeldOrNot()
    {
        using var set = Open(new() { Keep = [3, 2] });
        var read = TestSets.Read(set, 0, 1, 2, 3);

        set.HoldIfSmall();

        Assert.Equal([0, 1, 30, 31, 40, 41, 50, 51], read);
        Assert.Equal(read, TestSets.Read(set, 0, 1, 2, 3));
        Assert.Equal([3, 3, 3, 2], set.Labels.ToArray());
        Assert.Throws<ArgumentOutOfRangeException>(() => TestSets.Read(set, 3, 4));
        Assert.Throws<ArgumentOutOfRangeException>(() => TestSets.Read(set, 0, -1));
    }

    [Fact]
    public void Open_OfSomeRows_SelectsAmongThem()
    {
        using var set = TransferSet.Open(Options(new() { Keep = [3] }) with { First = 1, Count = 3 });

        Assert.Equal([30, 31], TestSets.Read(set, 0));
        Assert.Equal((1, 1), (set.Count, set.IdOf(0)));
    }

    [Fact]
    public void Open_WithLengthsAndTexts_SelectsThemToo()
    {
        var lines = string.Concat(Enumerable.Range(0, 8).Select(i => $"{{\"id\": {i}, \"text\": \"t{i}\"}}\n"));
        using var set = TransferSet.Open(Options(new() { Keep = [0] }) with
        {
            Lengths = folder.Write("lengths", TestSets.Npy("|u1", "(8,)", [0, 1, 2, 0, 1, 2, 0, 2])), Texts = folder.Write("texts", System.Text.Encoding.UTF8.GetBytes(lines)),
        });

        Assert.Equal((1, 2), (set.Lengths![0], set.Lengths[1]));
        Assert.Equal(["t1", "t7"], set.Texts);
    }

    [Fact]
    public void Open_WithClassesThatCannotBeChosen_IsRefused()
    {
        Assert.Contains("class 7", Assert.Throws<InputException>(() => Open(new() { Drop = [7] })).Message);
        Assert.Contains("is empty", Assert.Throws<InputException>(() => Open(new() { Drop = [0, 1, 2, 3] })).Message);
        Assert.Contains("both keep and drop", Assert.Throws<InputException>(() => Open(new() { Drop = [0], Keep = [1] })).Message);
        Assert.Contains("neither", Assert.Throws<InputException>(() => Open(new())).Message);
        Assert.Contains("no labels", Assert.Throws<InputException>(() => TransferSet.Open(Options(new() { Keep = [0] }) with { Labels = null })).Message);
    }

    private TransferSet Open(ClassSelection classes) => TransferSet.Open(Options(classes));

    private TransferSetOptions Options(ClassSelection classes) => new()
    {
        Samples = folder.Write("x", TestSets.Npy("|u1", "(8, 2)", [.. Enumerable.Range(0, 8).SelectMany(r => new[] { (byte)(10 * r), (byte)(10 * r + 1) })])),
        Labels = folder.Write("y", TestSets.Npy("|u1", "(8,)", labels)),
        Classes = classes,
    };
}
