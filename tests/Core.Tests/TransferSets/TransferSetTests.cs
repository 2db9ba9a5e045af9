using System.Security.Cryptography;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Safetensors;
using OnnxKd.Core.Tensors;
using OnnxKd.Core.TransferSets;

namespace OnnxKd.Core.Tests.TransferSets;

public sealed class TransferSetTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData("a/cat/1.JPG", "onnxkd prepare images")]
    [InlineData("a/1.wav", "onnxkd prepare audio")]
    [InlineData("a/samples.safetensors", "a/samples.safetensors")]
    [InlineData("a/x.npy", "*.npy")]
    public void Open_Folder_SaysWhatToDoAboutWhatIsInIt(string file, string remedy)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(folder[file])!);
        folder.Write(file, 1);

        Assert.Contains(remedy, Assert.Throws<InputException>(() => TransferSet.Open(new() { Samples = folder["a"] })).Message);
    }

    [Fact]
    public void Open_Picture_SaysHowToMakeASetOfPictures()
    {
        var picture = folder.Write("a.png", 0x89, (byte)'P', (byte)'N', (byte)'G', 13, 10, 26, 10);

        Assert.Contains("onnxkd prepare images", Assert.Throws<InputException>(() => TransferSet.Open(new() { Samples = picture })).Message);
    }

    [Fact]
    public void Open_Safetensors_ReadsSamplesAndLabels()
    {
        var path = folder["set.safetensors"];
        SafetensorsWriter.Write(
            path,
            [
                SafetensorsTensor.From("images", new[] { 1f, 2f, 3f, 4f }, 2, 2),
                SafetensorsTensor.FromBytes("half", ElementType.BFloat16, new byte[] { 0x80, 0x3F, 0, 0xC0 }, 2),
                SafetensorsTensor.From("labels", new[] { 5L, 6L }, 2),
            ]);

        using var set = TransferSet.Open(new() { Samples = path, Labels = path });
        using var half = TransferSet.Open(new() { Samples = path, SamplesKey = "half" });

        Assert.Equal([3, 4, 1, 2], TestSets.Read(set, 1, 0));
        Assert.Equal([5, 6], set.Labels.ToArray());
        Assert.Equal([1, -2], TestSets.Read(half, 0, 1));
    }

    [Fact]
    public void SamplesDigest_SmallSet_IsTheDocumentedHash()
    {
        using var set = TransferSet.Open(new() { Samples = folder.Write("x", TestSets.Npy(">i2", "(2, 1)", [1, 2, 3, 4])) });

        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData([.. "onnxkd-samples-1 int16 2x1\n"u8, 2, 1, 4, 3])), set.SamplesDigest);
    }

    [Fact]
    public void SamplesDigest_SameSamplesElsewhere_IsTheSame()
    {
        using var idx = TransferSet.Open(new() { Samples = folder.Write("a", [0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 2, 1, 2, 3, 4]) });
        using var npy = TransferSet.Open(new() { Samples = folder.Write("b", TestSets.Npy("|u1", "(2, 2)", [1, 2, 3, 4])) });
        var longer = folder.Write("c", TestSets.Npy("|u1", "(3, 2)", [9, 9, 1, 2, 3, 4]));
        using var part = TransferSet.Open(new() { Samples = longer, First = 1 });
        using var other = TransferSet.Open(new() { Samples = folder.Write("d", TestSets.Npy("|u1", "(2, 2)", [1, 2, 3, 5])) });
        using var shape = TransferSet.Open(new() { Samples = folder.Write("e", TestSets.Npy("|u1", "(4, 1)", [1, 2, 3, 4])) });

        Assert.Equal(idx.SamplesDigest, npy.SamplesDigest);
        Assert.Equal(idx.SamplesDigest, part.SamplesDigest);
        Assert.NotEqual(idx.SamplesDigest, other.SamplesDigest);
        Assert.NotEqual(idx.SamplesDigest, shape.SamplesDigest);
    }

    [Fact]
    public void Read_ManyRowsInRandomOrder_EqualsTheFile()
    {
        // Rows of 1,001 bytes, more than one chunk of reading in all, and a length that no vector width divides.
        const int Rows = 3000;
        const int Width = 1001;
        var data = new byte[Rows * Width];
        new Random(1).NextBytes(data);
        using var set = TransferSet.Open(new() { Samples = folder.Write("x", TestSets.Npy("|u1", $"({Rows}, {Width})", data)) });
        var random = new Random(2);
        long[] rows = [.. Enumerable.Range(0, Rows).Select(i => (long)i), .. Enumerable.Range(0, 100).Select(_ => random.NextInt64(Rows))];

        var values = TestSets.Read(set, rows);

        Assert.Equal(rows.SelectMany(row => data.Skip((int)row * Width).Take(Width)).Select(b => (float)b), values);
    }

    [Fact]
    public void Read_FromSeveralThreads_GivesEachItsRows()
    {
        byte[] data = [.. Enumerable.Range(0, 256).Select(i => (byte)i)];
        using var set = TransferSet.Open(new() { Samples = folder.Write("x", TestSets.Npy("|u1", "(256,)", data)) });

        Parallel.For(0, 2000, i => Assert.Equal([i % 256, 255 - i % 256], TestSets.Read(set, i % 256, 255 - i % 256)));
    }

    [Fact]
    public void Read_RowOutside_Throws()
    {
        var path = folder.Write("x", TestSets.Npy("|u1", "(4,)", [1, 2, 3, 4]));
        using var set = TransferSet.Open(new() { Samples = path, First = 1, Count = 2 });

        Assert.Throws<ArgumentOutOfRangeException>(() => TestSets.Read(set, 2));
        Assert.Throws<ArgumentOutOfRangeException>(() => TestSets.Read(set, 1, 2));
        Assert.Throws<ArgumentOutOfRangeException>(() => TestSets.Read(set, -1));
    }

    [Theory]
    [InlineData(-1, null, "rows -1..")]
    [InlineData(4, null, "rows 4..")]
    [InlineData(0, 5L, "rows 0..5")]
    [InlineData(3, 2L, "rows 3..5")]
    [InlineData(0, 0L, "rows 0..0")]
    [InlineData(0, -1L, "rows 0..-1")]
    public void Open_PartOutsideTheSet_IsRefused(long first, long? count, string found)
    {
        var path = folder.Write("x", TestSets.Npy("|u1", "(4,)", [1, 2, 3, 4]));

        var error = Refusal(new() { Samples = path, First = first, Count = count });

        Assert.Contains(found, error);
        Assert.Contains("there are 4 rows", error);
        Assert.Contains("correct 'rows'", error);
    }

    [Theory]
    [InlineData("<f4", new byte[] { 0, 0, 0x80, 0x3F, 0, 0, 0, 0x40 }, "array.astype(numpy.int64)")]
    [InlineData("<f4", new byte[] { 0, 0, 0, 0x3F, 0, 0, 0, 0x40 }, "leave labels out (--labels)")]
    [InlineData("<U1", new byte[] { 97, 0, 0, 0, 98, 0, 0, 0 }, "numpy.unique(y, return_inverse=True)[1]")]
    public void Open_LabelsThatAreNoIntegers_SaysWhatToDo(string descr, byte[] labels, string remedy)
    {
        var samples = folder.Write("x", TestSets.Npy("|u1", "(2,)", [1, 2]));

        Assert.Contains(remedy, Refusal(new() { Samples = samples, Labels = folder.Write("y", TestSets.Npy(descr, "(2,)", labels)) }));
    }

    [Fact]
    public void Open_LabelsThatDoNotFit_AreRefused()
    {
        var samples = folder.Write("x", TestSets.Npy("|u1", "(2,)", [1, 2]));
        string Labels(string descr, string shape, params byte[] data) =>
            Refusal(new() { Samples = samples, Labels = folder.Write("y", TestSets.Npy(descr, shape, data)) });

        Assert.Contains("2 samples, 3 labels", Labels("|u1", "(3,)", 1, 2, 3));
        Assert.Contains("sample 1", Labels("|i1", "(2, 2)", 0, 0xFF, 0xFE, 1));
        Assert.Contains("or -1 where the class is not known", Labels("|i1", "(2, 2)", 0, 0xFF, 0xFE, 1));
        Assert.Contains("Not one label", Labels("|i1", "(2, 2)", 0xFF, 0xFF, 0xFF, 0xFF));
        Assert.Contains("labels of a set are not integers", Labels("<f2", "(2,)", 0, 0, 0, 0));
        Assert.Contains("sample 1", Labels("|i1", "(2,)", 1, 0xFF));
        Assert.Contains("not a class index", Labels("<u4", "(2,)", 0, 0, 0, 0x80, 0, 0, 0, 0));
        Assert.Contains("not a class index", Labels("<u8", "(2,)", [.. Enumerable.Repeat((byte)0xFF, 16)]));
    }

    [Fact]
    public void ReadLabels_OfPositions_GivesThoseOfTheRows()
    {
        var samples = folder.Write("x", TestSets.Npy("|u1", "(3, 2)", [1, 2, 3, 4, 5, 6]));
        var labels = folder.Write("y", TestSets.Npy("|u1", "(3, 1, 2, 2)", [9, 9, 9, 9, 0, 1, 255, 3, 4, 5, 6, 7]));
        using var set = TransferSet.Open(new() { Samples = samples, Labels = labels, IgnoreLabel = 255, First = 1 });
        using var other = TransferSet.Open(new() { Samples = samples, Labels = labels, IgnoreLabel = 9, First = 1 });
        var read = new int[8];
        set.ReadLabels(0, read);

        Assert.Equal([0, 1, -1, 3, 4, 5, 6, 7], read);
        Assert.Equal([2, 2], set.LabelShape);
        Assert.Equal((7, 255), (set.LargestLabel, other.LargestLabel));
        Assert.True(set.IsLabelled && set.Labels.IsEmpty);
        Assert.NotEqual(set.LabelsDigest, other.LabelsDigest);
        Assert.Contains("labels of sample 2", Assert.Throws<InputException>(() => set.RequireLabelsBelow(7)).Message);
    }

    [Fact]
    public void Labels_OneInAnAxis_AreForSamples()
    {
        var samples = folder.Write("x", TestSets.Npy("|u1", "(2,)", [1, 2]));
        using var set = TransferSet.Open(new() { Samples = samples, Labels = folder.Write("y", TestSets.Npy("|u1", "(2, 1)", [3, 1])) });

        Assert.Empty(set.LabelShape);
        Assert.Equal([3, 1], set.Labels.ToArray());
        Assert.Equal(
            Convert.ToHexStringLower(SHA256.HashData([3, 0, 0, 0, 1, 0, 0, 0])), set.LabelsDigest);
    }

    [Fact]
    public void RequireLabelsBelow_LabelOutOfRange_NamesTheSample()
    {
        using var set = TransferSet.Open(new()
        {
            Samples = folder.Write("x", TestSets.Npy("|u1", "(3,)", [1, 2, 3])),
            Labels = folder.Write("y", TestSets.Npy("|u1", "(3,)", [0, 9, 10])),
            First = 1,
        });

        set.RequireLabelsBelow(11);

        var error = Assert.Throws<InputException>(() => set.RequireLabelsBelow(10));
        Assert.Contains("sample 2", error.Message);
        Assert.Contains("class 10", error.Message);
    }

    [Fact]
    public void Open_KeysThatMakeNoSense_AreRefused()
    {
        var npy = folder.Write("x", TestSets.Npy("|u1", "(2,)", [1, 2]));

        Assert.Contains("without a name", Refusal(new() { Samples = npy, SamplesKey = "x" }));
        Assert.Contains("no file of labels", Refusal(new() { Samples = npy, LabelsKey = "y" }));
        Assert.Contains("no column 'x'", Refusal(new() { Samples = folder.Write("c", "1,2\n"u8), SamplesKey = "x" }));
    }

    [Fact]
    public void Open_FileOfAnotherKind_ListsTheFormats()
    {
        Assert.Contains("missing", Refusal(new() { Samples = folder["none"] }));
        Assert.Contains("A folder is named", Refusal(new() { Samples = folder.Path }));
        Assert.Contains("empty", Refusal(new() { Samples = folder.Write("e") }));
        var message = Refusal(new() { Samples = folder.Write("p", [0x89, (byte)'P', (byte)'N', (byte)'G', 13, 10, 26, 10]) });
        Assert.Contains("NPY, NPZ, safetensors, IDX, Parquet, Arrow, CSV", message);
        Assert.Contains("89504e47", message);
    }

    private static string Refusal(TransferSetOptions options) => Assert.Throws<InputException>(() => TransferSet.Open(options)).Message;
}
