using Apache.Arrow;
using Apache.Arrow.Compression;
using Apache.Arrow.Ipc;
using Apache.Arrow.Types;
using OnnxKd.Core.Errors;
using OnnxKd.Core.TransferSets;

namespace OnnxKd.Core.Tests.TransferSets;

/// <summary>
/// Parquet and Arrow. <c>Tables/table.parquet</c> was written by Apache's C++ library, in two row groups of 3 and 2 rows: a = i + 0.5, b = i ÷ 10 (nothing in row 1),
/// n = 10 i, kind = cat and dog in turn, flag, label = i mod 2, v = [i, i + 0.25, i + 0.5], m = [[i, 1], [2, 3]], when (a time).
/// </summary>
public sealed class ColumnarTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Open_ColumnsByName_HaveTheValuesOfAllRowGroups()
    {
        using var set = Open(new() { Features = ["n", "a", "flag"] }, labels: "label");

        Assert.Equal(5, set.Count);
        Assert.Equal(["n", "a", "flag"], set.Columns);
        Assert.Equal([0, 0.5f, 1, 20, 2.5f, 1, 40, 4.5f, 1], TestSets.Read(set, 0, 2, 4));
        Assert.Equal([0, 1, 0, 1, 0], set.Labels.ToArray());
    }

    [Fact]
    public void Open_ValuesOfACsvFile_HaveItsDigest()
    {
        var csv = folder.Write("same.csv", "a,n\n0.5,0\n1.5,10\n2.5,20\n3.5,30\n4.5,40\n"u8);
        using var text = TransferSet.Open(new() { Samples = csv });
        using var parquet = Open(new() { Features = ["a", "n"] });

        Assert.Equal(text.SamplesDigest, parquet.SamplesDigest);
    }

    [Fact]
    public void Open_MissingValue_IsAnErrorOrFilledInOrLeftOut()
    {
        var error = Refusal(new() { Features = ["b"] });
        Assert.Contains("row 2", error);
        Assert.Contains("(b)", error);
        Assert.Contains("table.missing", error);
        using var filled = Open(new() { Features = ["b"], MissingValue = -1 });
        Assert.Equal([0, -1, 0.2f, 0.3f, 0.4f], TestSets.Read(filled, 0, 1, 2, 3, 4));
        using var dropped = Open(new() { Features = ["b"], DropMissing = true }, labels: "label");
        Assert.Equal([0, 0.2f, 0.3f, 0.4f], TestSets.Read(dropped, 0, 1, 2, 3));
        Assert.Equal([0, 0, 1, 0], dropped.Labels.ToArray());
    }

    [Fact]
    public void Open_ListsOfOneLength_AreArrays()
    {
        using var vectors = Open(new() { Features = ["v"] });
        using var matrices = Open(new() { Features = ["m"] });
        using var both = Open(new() { Features = ["v", "a"] });

        Assert.Equal([3], vectors.SampleShape);
        Assert.Equal([4, 4.25f, 4.5f], TestSets.Read(vectors, 4));
        Assert.Equal([2, 2], matrices.SampleShape);
        Assert.Equal([3, 1, 2, 3], TestSets.Read(matrices, 3));
        Assert.Equal([4], both.SampleShape);
        Assert.Equal([1, 1.25f, 1.5f, 1.5f], TestSets.Read(both, 1));
    }

    [Fact]
    public void Open_OneColumnByKey_IsThatColumn()
    {
        using var set = TransferSet.Open(new() { Samples = Fixture, SamplesKey = "v" });

        Assert.Equal([3], set.SampleShape);
    }

    [Fact]
    public void Open_TextLabels_AreClassesByTheirNames()
    {
        using var set = Open(new() { Features = ["a"], Classes = ["dog", "cat"] }, labels: "kind");

        Assert.Equal([1, 0, 1, 0, 1], set.Labels.ToArray());
        Assert.Contains("not among the classes", Assert.Throws<InputException>(() => Open(new() { Features = ["a"], Classes = ["dog"] }, labels: "kind")).Message);
    }

    [Theory]
    [InlineData("kind", "'cat'")]
    [InlineData("when", "table.drop")]
    public void Open_ColumnThatHoldsNoNumbers_IsNamed(string column, string message)
    {
        var error = Refusal(new() { Features = ["a", column] });
        Assert.Contains(column, error);
        Assert.Contains(message, error);
    }

    [Theory]
    [InlineData(100)]
    [InlineData(3000)]
    public void Open_TruncatedFile_IsRefused(int length) => Assert.Contains(
        "damaged", Assert.Throws<InputException>(() => TransferSet.Open(new() { Samples = folder.Write("cut.parquet", File.ReadAllBytes(Fixture).AsSpan(0, length)) })).Message);

    [Theory]
    [InlineData(true, false)]
    [InlineData(true, true)]
    [InlineData(false, false)]
    public void Open_Arrow_HasTheValuesOfAllBatches(bool isFile, bool isCompressed)
    {
        var path = WriteArrow(isFile, isCompressed);

        using var scalars = TransferSet.Open(new()
        {
            Samples = path, Labels = path, LabelsKey = "kind", Table = new() { Features = ["x", "n"], Classes = ["cat", "dog"], MissingValue = -1 },
        });
        using var lists = TransferSet.Open(new() { Samples = path, Table = new() { Features = ["v"] } });

        Assert.Equal([0.5f, 0, -1, 1, 2.5f, 2], TestSets.Read(scalars, 0, 1, 2));
        Assert.Equal([0, 1, 0], scalars.Labels.ToArray());
        Assert.Equal([2], lists.SampleShape);
        Assert.Equal([0, 1, 2, 3, 4, 5], TestSets.Read(lists, 0, 1, 2));
    }

    [Fact]
    public void Open_NamedInputs_AreListsTextsAndNumbers()
    {
        var path = WriteArrow(isFile: true, isCompressed: false);
        using var set = TransferSet.Open(new() { Samples = path, Inputs = new([new("v"), new("kind"), new("number", null, "n")]) });

        Assert.Equal(["v int64 [2]", "kind text []", "number float32 []"], set.SampleShape.Parts.Select(part => $"{part}"));
        Assert.Equal(["cat", "dog"], set.SampleShape.Parts[1].Texts);
        Assert.Equal([0, 1, 0, 0, 2, 3, 1, 1, 4, 5, 0, 2], TestSets.Read(set, 0, 1, 2));
    }

    /// <summary>What pandas makes of a column of whole numbers that is a category; row 1 has none.</summary>
    [Fact]
    public void Open_DictionaryOfNumbers_HasTheNumbers()
    {
        var places = new Int8Array.Builder().Append(1).AppendNull().Append(0).Append(1).Build();
        var numbers = new DictionaryArray(new DictionaryType(Int8Type.Default, Int64Type.Default, ordered: false), places, new Int64Array.Builder().AppendRange([10, 20]).Build());
        var path = Write("dictionary.arrow", isFile: true, isCompressed: false, ("x", new DoubleArray.Builder().AppendRange([1, 2, 3, 4]).Build()), ("label", numbers));

        using var features = TransferSet.Open(new() { Samples = path, Table = new() { Features = ["label"], MissingValue = -1 } });
        using var labels = TransferSet.Open(new() { Samples = path, Labels = path, Table = new() { DropMissing = true } });

        Assert.Equal([20, -1, 10, 20], TestSets.Read(features, 0, 1, 2, 3));
        Assert.Equal([20, 10, 20], labels.Labels.ToArray());
        Assert.Equal([1, 3, 4], TestSets.Read(labels, 0, 1, 2));
        Assert.Contains("table.missing to 'drop'", Assert.Throws<InputException>(() => TransferSet.Open(new() { Samples = path, Labels = path })).Message);
    }

    [Fact]
    public void Open_ListsOfDifferentLengths_AreRefused()
    {
        var lists = new ListArray.Builder(FloatType.Default);
        var values = (FloatArray.Builder)lists.ValueBuilder;
        foreach (var length in new[] { 2, 3 })
        {
            lists.Append();
            for (var i = 0; i < length; i++)
                values.Append(i);
        }

        var path = Write("ragged.arrow", isFile: true, isCompressed: false, ("v", lists.Build()));

        Assert.Contains("different lengths", Assert.Throws<InputException>(() => TransferSet.Open(new() { Samples = path })).Message);
    }

    private static string Fixture => Path.Combine(AppContext.BaseDirectory, "TransferSets", "Tables", "table.parquet");

    private static TransferSet Open(TableOptions table, string? labels = null) => TransferSet.Open(new()
    {
        Samples = Fixture, Labels = labels is null ? null : Fixture, LabelsKey = labels, Table = table,
    });

    private static string Refusal(TableOptions table) => Assert.Throws<InputException>(() => Open(table)).Message;

    /// <summary>x = i + 0.5 (nothing in row 1), n = i, kind = cat and dog in turn, v = [2 i, 2 i + 1].</summary>
    private string WriteArrow(bool isFile, bool isCompressed)
    {
        var lists = new ListArray.Builder(FloatType.Default);
        var values = (FloatArray.Builder)lists.ValueBuilder;
        for (var i = 0; i < 3; i++)
        {
            lists.Append();
            values.Append(2 * i).Append(2 * i + 1);
        }

        return Write(
            "table.arrow", isFile, isCompressed, ("x", new DoubleArray.Builder().Append(0.5).AppendNull().Append(2.5).Build()),
            ("n", new Int32Array.Builder().AppendRange([0, 1, 2]).Build()), ("kind", new StringArray.Builder().AppendRange(["cat", "dog", "cat"]).Build()), ("v", lists.Build()));
    }

    private string Write(string name, bool isFile, bool isCompressed, params (string Name, IArrowArray Array)[] columns)
    {
        var path = folder[name];
        var rows = columns[0].Array.Length;
        var schema = new Schema([.. columns.Select(column => new Field(column.Name, column.Array.Data.DataType, nullable: true))], null);
        var options = isCompressed ? new IpcOptions { CompressionCodec = CompressionCodecType.Lz4Frame, CompressionCodecFactory = new CompressionCodecFactory() } : new IpcOptions();
        using var stream = File.Create(path);
        using var writer = isFile ? new ArrowFileWriter(stream, schema, leaveOpen: true, options) : new ArrowStreamWriter(stream, schema, leaveOpen: true, options);
        // A batch of one row, then the others: slices begin within their arrays.
        foreach (var (first, count) in new[] { (0, 1), (1, rows - 1) })
            writer.WriteRecordBatch(new RecordBatch(schema, columns.Select(column => ArrowArrayFactory.Slice(column.Array, first, count)), count));
        writer.WriteEnd();
        return path;
    }
}
