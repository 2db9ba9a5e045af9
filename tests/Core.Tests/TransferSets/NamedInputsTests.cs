using System.IO.Compression;
using System.Runtime.InteropServices;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Preparation;
using OnnxKd.Core.TransferSets;

namespace OnnxKd.Core.Tests.TransferSets;

public sealed class NamedInputsTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Tensors_OfSeveralTypesAndFiles_StandSideBySide()
    {
        var archive = Write("e.npz", TestSets.Zip(CompressionLevel.Fastest, ("ids.npy", Npy("<i8", "(2, 3)", [1L, 2, 3, 4, 5, 6])), ("mask.npy", Npy("<i8", "(2, 3)", [1L, 1, 1, 1, 0, 0]))));
        var single = Write("x.npy", Npy("<f4", "(2, 2, 1)", [0.5f, 1.5f, 2.5f, 3.5f]));
        using var set = TransferSet.Open(new() { Samples = archive, Inputs = new([new("ids"), new("x", single), new("m", archive, "mask")]), Mask = "m" });

        Assert.Equal([8], set.SampleShape);
        // Inputs of one file stand together.
        Assert.Equal(["ids int64 [3] at 0", "m int64 [3] at 3", "x float32 [2, 1] at 6"], set.SampleShape.Parts.Select(part => $"{part} at {part.Offset}"));
        Assert.Equal([4, 5, 6, 1, 0, 0, 2.5f, 3.5f, 1, 2, 3, 1, 1, 1, 0.5f, 1.5f], TestSets.Read(set, 1, 0));
    }

    [Fact]
    public void Digest_HoldsNamesTypesAndTexts()
    {
        var table = Write("t.csv", "a,b\n1,x\n2,y\n"u8.ToArray());
        var other = Write("u.csv", "a,b\n1,x\n2,z\n"u8.ToArray());
        string Digest(string file, params string[] names)
        {
            using var set = TransferSet.Open(new() { Samples = file, Inputs = new([.. names.Select(name => new InputSource(name))]) });
            return set.SamplesDigest;
        }

        Assert.Equal(Digest(table, "a", "b"), Digest(table, "a", "b"));
        Assert.NotEqual(Digest(table, "a", "b"), Digest(other, "a", "b"));
        Assert.NotEqual(Digest(table, "a"), Digest(table, "b"));
    }

    [Fact]
    public void Texts_AreNumberedAsTheyCome_AndAlikeInAnotherSet()
    {
        var (table, test) = (Write("t.csv", "n,sex,port\n1,male,C\n2,female,\n3,male,Q\n"u8.ToArray()), Write("u.csv", "sex,n,port\nother,4,Q\nfemale,5,C\n"u8.ToArray()));
        var inputs = new SampleInputs([new("n"), new("sex"), new("port")]);
        using var set = TransferSet.Open(new() { Samples = table, Inputs = inputs });
        using var tested = TransferSet.Open(new() { Samples = test, Inputs = inputs }, set.SampleShape);

        Assert.Equal(["male", "female"], set.SampleShape.Find("sex")!.Texts);
        Assert.Equal(["C", "", "Q"], set.SampleShape.Find("port")!.Texts);
        Assert.Equal([1, 0, 0, 2, 1, 1, 3, 0, 2], TestSets.Read(set, 0, 1, 2));
        Assert.Equal(["male", "female", "other"], tested.SampleShape.Find("sex")!.Texts);
        Assert.Equal([4, 2, 2, 5, 1, 0], TestSets.Read(tested, 0, 1));
    }

    [Fact]
    public void Texts_OfNumbers_AreTakenAsTheyAreWritten()
    {
        var table = Write("t.csv", "class\n1\n02\n1\n"u8.ToArray());
        using var set = TransferSet.Open(new() { Samples = table, Inputs = new([new("class")]), Table = new() { Texts = ["class"] } });
        Assert.Equal(["1", "02"], set.SampleShape.Parts[0].Texts);
    }

    [Fact]
    public void Labels_OfTheSameTable_AreNoInput()
    {
        var table = Write("t.csv", "a,label,b\n1,0,2\n3,1,\n5,1,6\n"u8.ToArray());
        var options = new TransferSetOptions { Samples = table, Labels = table, Inputs = new([new("a"), new("b")]), Table = new() { DropMissing = true } };
        using var set = TransferSet.Open(options);
        Assert.Equal([0, 1], set.Labels.ToArray());
        Assert.Equal([1, 2, 5, 6], TestSets.Read(set, 0, 1));
        Assert.Contains("both an input and a label", Assert.Throws<InputException>(() => TransferSet.Open(options with { Inputs = new([new("a"), new("label")]) })).Message);
    }

    [Fact]
    public void Columns_CanBeOneInput()
    {
        var table = Write("t.csv", "a,port,b,label\n1,C,2,0\n3,Q,4,1\n"u8.ToArray());
        var options = new TransferSetOptions { Samples = table, Labels = table, Inputs = new([new("features") { Columns = ["b", "a"] }, new("port")]) };
        using var set = TransferSet.Open(options);
        Assert.Equal(["features float32 [2] at 0", "port text [] at 2"], set.SampleShape.Parts.Select(part => $"{part} at {part.Offset}"));
        Assert.Equal([2, 1, 0, 4, 3, 1], TestSets.Read(set, 0, 1));
        Assert.Contains("not numbers", Assert.Throws<InputException>(() => TransferSet.Open(options with { Inputs = new([new("f") { Columns = ["a", "port"] }]) })).Message);
    }

    [Fact]
    public void Columns_OfAFileWithoutNames_AreCalledInTheirOrder()
    {
        var file = Write("x.npy", Npy("<f4", "(1, 2)", [7f, 8f]));
        using var set = TransferSet.Open(new() { Samples = file, Inputs = new([new("b"), new("a")]) });
        Assert.Equal(["b float32 []", "a float32 []"], set.SampleShape.Parts.Select(part => $"{part}"));
        Assert.Contains("a column for each input", Assert.Throws<InputException>(() => TransferSet.Open(new() { Samples = file, Inputs = new([new("b"), new("a"), new("c")]) })).Message);
    }

    [Fact]
    public void Mask_FoundByItsUsualName_SaysHowManyPositionsCount()
    {
        var archive = Write("e.npz", TestSets.Zip(CompressionLevel.Fastest, ("ids.npy", Npy("<i8", "(3, 4)", new long[12])), ("attention_mask.npy", Npy("<i8", "(3, 4)", [1L, 1, 1, 0, 1, 1, 1, 1, 1, 0, 0, 0]))));
        using var set = TransferSet.Open(new() { Samples = archive, Inputs = new([new("ids"), new("attention_mask")]) });
        Assert.Equal("attention_mask", set.SampleShape.Mask);
        Assert.NotNull(set.LengthsDigest);
        var counted = new CountedPositions(set, [4, 2]);
        Assert.Equal([3, 4, 1], new long[] { 0, 1, 2 }.Select(counted.Of));
        Assert.True(new CountedPositions(set, [1, 2]).AreAll); // an output without positions does not ask
    }

    [Fact]
    public void Mask_OfLengths_IsAsLongAsTheTokens()
    {
        var archive = Write("e.npz", TestSets.Zip(CompressionLevel.Fastest, ("samples.npy", Npy("<i8", "(2, 3)", [7L, 8, 9, 4, 5, 0])), ("lengths.npy", Npy("<i8", "(2,)", [3L, 2]))));
        var options = new TransferSetOptions { Samples = archive, Inputs = new([new("attention_mask", null, "lengths") { IsOfLengths = true }, new("ids", null, "samples")]) };
        using var set = TransferSet.Open(options);
        Assert.Equal(["ids int64 [3]", "attention_mask int64 [3]"], set.SampleShape.Parts.Select(part => $"{part}"));
        Assert.Equal([7, 8, 9, 1, 1, 1, 4, 5, 0, 1, 1, 0], TestSets.Read(set, 0, 1));
        Assert.Equal([3, 2], new long[] { 0, 1 }.Select(new CountedPositions(set, [3, 2]).Of));

        var wrong = Write("l.npy", Npy("<i8", "(2,)", [3L, 4]));
        using var other = TransferSet.Open(options with { Inputs = new([new("m", wrong) { IsOfLengths = true }, new("ids", null, "samples")]) });
        Assert.Contains("sample 1", Assert.Throws<InputException>(() => TestSets.Read(other, 0, 1)).Message);
        Assert.Contains("how long a mask is", Assert.Throws<InputException>(() => TransferSet.Open(options with { Inputs = new([new("m", null, "lengths") { IsOfLengths = true }]) })).Message);
    }

    // 3 entries and 3, 6 or 2 positions: a position counts where it stands over an entry that does; of none the first does.
    [Theory]
    [InlineData(new long[] { 0, 1, 1 }, new[] { 1, 2 }, new[] { 2, 3, 4, 5 }, new[] { 0, 1 })]
    [InlineData(new long[] { 1, 0, 1 }, new[] { 0, 2 }, new[] { 0, 1, 4, 5 }, new[] { 0, 1 })]
    [InlineData(new long[] { 1, 0, 0 }, new[] { 0 }, new[] { 0, 1 }, new[] { 0 })]
    [InlineData(new long[] { 0, 0, 0 }, new[] { 0 }, new[] { 0 }, new[] { 0 })]
    public void Mask_OfAnyOrder_SaysWhichPositionsCount(long[] mask, int[] same, int[] twice, int[] fewer)
    {
        var file = Write("m.npy", Npy("<i8", "(2, 3)", [1L, 1, 1, .. mask]));
        using var set = TransferSet.Open(new() { Samples = file, Inputs = new([new("mask", file)]) });
        foreach (var (positions, expected) in new[] { (3, same), (6, twice), (2, fewer) })
        {
            var counted = new CountedPositions(set, [positions, 2]);
            Assert.Equal(expected, Enumerable.Range(0, positions).Where(position => counted.Counts(1, position)));
            Assert.Equal((positions, expected.Length), (counted.Of(0), counted.Of(1)));
            int[] values = [.. Enumerable.Range(0, 2 * positions)];
            Assert.Equal([.. Enumerable.Range(0, positions), .. expected.Select(position => positions + position)], counted.Keep<int>(0, values, 1).ToArray());
        }
        Assert.True(new CountedPositions(set, [1, 2]).AreAll);
    }

    [Fact]
    public void Padding_IsTheMaskTheOtherWayRound()
    {
        var (mask, padding) = (Write("m.npy", Npy("<i8", "(2, 3)", [1L, 1, 1, 0, 1, 0])), Write("p.npy", Npy("<i8", "(2, 3)", [0L, 0, 0, 1, 0, 1])));
        using var counted = TransferSet.Open(new() { Samples = mask, Inputs = new([new("m", mask)]), Mask = "m" });
        using var padded = TransferSet.Open(new() { Samples = padding, Inputs = new([new("m", padding)]), Padding = "m" });
        foreach (var row in new[] { 0L, 1 })
            Assert.Equal(
                Enumerable.Range(0, 3).Where(position => new CountedPositions(counted, [3, 2]).Counts(row, position)), Enumerable.Range(0, 3).Where(position => new CountedPositions(padded, [3, 2]).Counts(row, position)));
        Assert.True(padded.SampleShape.MarksPadding);
        Assert.NotEqual(counted.LengthsDigest, padded.LengthsDigest);

        var error = Assert.Throws<InputException>(() => TransferSet.Open(new() { Samples = mask, Inputs = new([new("m", mask), new("p", padding)]), Mask = "m", Padding = "p" })).Message;
        Assert.Contains("mask 'm' and padding 'p'", error);
    }

    [Fact]
    public void Mask_OfSomethingElse_IsRefusedWhereItCounts()
    {
        var file = Write("m.npy", Npy("<i8", "(1, 3)", [1L, 2, 0]));
        using var set = TransferSet.Open(new() { Samples = file, Inputs = new([new("mask", file)]) });
        Assert.Contains("input 'mask', position 1", Assert.Throws<InputException>(() => new CountedPositions(set, [3, 2])).Message);
    }

    [Fact]
    public void WholeNumbers_BeyondFloat32_AreRefused()
    {
        var file = Write("x.npy", Npy("<i8", "(2, 2)", [1L, 2, 3, (1 << 24) + 1]));
        using var set = TransferSet.Open(new() { Samples = file, Inputs = new([new("ids", file)]) });
        TestSets.Read(set, 0);
        Assert.Contains("sample 1", Assert.Throws<InputException>(() => TestSets.Read(set, 1)).Message);
    }

    [Fact]
    public void WrongInputs_AreRefused()
    {
        var (two, three) = (Write("a.npy", Npy("<f4", "(2, 1)", [1f, 2f])), Write("b.npy", Npy("<f4", "(3, 1)", [1f, 2f, 3f])));
        Assert.Contains("2 and 3", Refused(new() { Samples = two, Inputs = new([new("a", two), new("b", three)]) }));
        Assert.Contains("'a'", Refused(new() { Samples = two, Inputs = new([new("a", two), new("a", two)]) }));
        Assert.Contains("none of the samples' inputs", Refused(new() { Samples = two, Inputs = new([new("a", two)]), Mask = "b" }));
        Assert.Contains("no named inputs", Refused(new() { Samples = two, Mask = "b" }));
        Assert.Contains("beside inputs", Refused(new() { Samples = two, Inputs = new([new("a", two)]), SamplesKey = "x" }));

        static string Refused(TransferSetOptions options) => Assert.Throws<InputException>(() => TransferSet.Open(options)).Message;
    }

    [Fact]
    public void Standardisation_ScalesAmountsAlone()
    {
        var table = Write("t.csv", "age,sex\n10,male\n30,female\n50,male\n"u8.ToArray());
        using var set = TransferSet.Open(new() { Samples = table, Inputs = new([new("age"), new("sex")]) });
        var fitted = Standardisation.Fit(set, 0, CancellationToken.None);
        Assert.Equal([30, 0], fitted.Mean);
        Assert.Equal(Math.Sqrt(800.0 / 3), fitted.Std[0], 5);
        Assert.Equal(1, fitted.Std[1]);
        Assert.Contains("'sex'", Assert.Throws<InputException>(() => SampleReader.Of(set, new() { Scale = 2 })).Message);
    }

    private static byte[] Npy<T>(string type, string shape, T[] values)
        where T : unmanaged => TestSets.Npy(type, shape, MemoryMarshal.AsBytes(values.AsSpan()).ToArray());

    private string Write(string name, byte[] bytes)
    {
        var path = Path.Combine(folder.Path, name);
        File.WriteAllBytes(path, bytes);
        return path;
    }
}
