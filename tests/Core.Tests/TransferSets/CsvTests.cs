using System.Text;
using OnnxKd.Core.Errors;
using OnnxKd.Core.TransferSets;

namespace OnnxKd.Core.Tests.TransferSets;

public sealed class CsvTests : IDisposable
{
    private const string Table = "height,width,label\n1.5,2,0\n-3e1,4,2\n\n5,6,1\n";

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData("label")]
    [InlineData("last")]
    [InlineData("2")]
    [InlineData(null)]
    public void Open_LabelColumn_IsTakenOutOfTheSamples(string? key)
    {
        var path = Write(Table);

        using var set = TransferSet.Open(new() { Samples = path, Labels = path, LabelsKey = key });

        Assert.Equal([2], set.SampleShape);
        Assert.Equal([1.5f, 2, -30, 4, 5, 6], TestSets.Read(set, 0, 1, 2));
        Assert.Equal([0, 2, 1], set.Labels.ToArray());
    }

    [Theory]
    [InlineData("1,2\n3,4\n")]
    [InlineData("1,2\r\n3,4")]
    [InlineData("1;2\n3;4\n")]
    [InlineData("1\t2\n3\t4\n")]
    [InlineData("\"1\", \"2\"\n3 , 4\n")]
    [InlineData("\uFEFF1,2\n3,4\n")]
    [InlineData("a,b\n1,2\n3,4\n\n\n")]
    [InlineData("\r\n \na;b\n1;2\n\n3;4")]
    [InlineData("\"a\nb;c\",b\n1,2\n3,4")]
    [InlineData("a|b\n1|2\n3|4")]
    [InlineData("sep=;\na;b\n1;2\n3;4")]
    [InlineData("\"sep=|\"\r\n1|2\r\n3|4\r\n")]
    [InlineData("\uFEFFSEP=,\n# exported\na,b\n1,2\n3,4")]
    [InlineData("# it's 5\" wide; a, b\n#\na,b\n1,2\n3,4")]
    public void Open_WithoutLabels_EveryColumnIsASample(string text)
    {
        using var set = TransferSet.Open(new() { Samples = Write(text) });
        using var zipped = TransferSet.Open(new() { Samples = folder.Write("z", TestSets.Gzip(Encoding.UTF8.GetBytes(text))) });

        Assert.Equal([1, 2, 3, 4], TestSets.Read(set, 0, 1));
        Assert.Equal(set.SamplesDigest, zipped.SamplesDigest);
    }

    /// <summary>As spreadsheets write them: each line ends in a separator, and below the table stand lines of separators alone.</summary>
    [Theory]
    [InlineData("a,b,label,\n1,2,0,\n3,4,1,\n")]
    [InlineData("a;b;label;\r\n1;2;0;\r\n3;4;1\r\n")]
    [InlineData(",a,b,label,\nr1,1,2,0,\nr2,3,4,1,\n")]
    [InlineData("a,b,label\n1,2,0\n,,\n3,4,1\n,,\n,,\n")]
    public void Open_SeparatorsWithoutValues_AreNoColumnAndNoRow(string text)
    {
        using var folder = new TemporaryFolder();
        var path = folder.Write("x.csv", System.Text.Encoding.UTF8.GetBytes(text));
        using var set = TransferSet.Open(new() { Samples = path, Labels = path });

        Assert.Equal(["a", "b"], set.Columns);
        Assert.Equal([1, 2, 3, 4], TestSets.Read(set, 0, 1));
        Assert.Equal([0, 1], set.Labels.ToArray());
    }

    [Theory]
    [InlineData("a,label,\n1,0,\n2,1,7\n", "line 3", "'7' in column 3", "name the column in line 1")]
    [InlineData("a,label\n1,0,\n2,1,\n", "line 2", "3 fields", "end in a separator, add one to that line")]
    public void Open_SeparatorsThatDoNotFitTheFirstLine_SayWhatToDo(string text, params string[] said)
    {
        using var folder = new TemporaryFolder();
        var path = folder.Write("x.csv", System.Text.Encoding.UTF8.GetBytes(text));
        var error = Assert.Throws<InputException>(() => TransferSet.Open(new() { Samples = path, Labels = path })).Message;
        Assert.All(said, part => Assert.Contains(part, error));
    }

    [Fact]
    public void Open_LabelsInAFileOfTheirOwn_AreRead()
    {
        using var set = TransferSet.Open(new()
        {
            Samples = Write("1,2\n3,4\n"), Labels = folder.Write("labels.csv", Encoding.UTF8.GetBytes("class\n7.0\n3\n")),
        });

        Assert.Equal([7, 3], set.Labels.ToArray());
    }

    [Theory]
    [InlineData("line 3, column 2 (b)", "a,b\n1,2\n3,x\n")]
    [InlineData("line 2, column 1", "1,2\n,4\n")]
    [InlineData("line 1, column 2", "1,nan\n3,4\n")]
    [InlineData("line 1, column 1", "Infinity,2\n3,4\n")]
    [InlineData("line 1, column 1", "1e39,2\n3,4\n")]
    [InlineData("line 3", "a,b\n1,2\n3\n")]
    [InlineData("line 2", "1,2\n3,4,5\n")]
    [InlineData("line 5, column 1", "\n\"a\nb\",c\n1,2\nx,4\n")]
    [InlineData("line 5, column 1", "sep=,\n# note\na,b\n1,2\nx,4\n")]
    [InlineData("line 2, column 2", "# note\n1,nan\n")]
    [InlineData("as in line 3", "# a\n# b\n1,2\n3\n")]
    [InlineData("set is empty", "# a\n# b")]
    [InlineData("remove the sign", "a,b\n1,458.694%\n")]
    [InlineData("remove the sign", "a,b\n1,$4.5\n")]
    [InlineData("set is empty", "a,b\n")]
    public void Open_BadSamples_NamesTheLine(string where, string text)
    {
        var path = Write(text);

        Assert.Contains(where, Assert.Throws<InputException>(() => TransferSet.Open(new() { Samples = path })).Message);
    }

    [Theory]
    [InlineData("line 1", "a,gr\u00f6\u00dfe\n1,2\n")]
    [InlineData("line 3", "a,b\n1,2\n3,\u00f6\n")]
    [InlineData("line 4", "a,b\n\n1,2\n3,\u00e9t\u00e9\n")]
    public void Open_Windows1252_IsRefusedWithTheCommandThatConvertsIt(string where, string text)
    {
        var path = folder.Write("table.csv", Encoding.Latin1.GetBytes(text));

        var error = Assert.Throws<InputException>(() => TransferSet.Open(new() { Samples = path })).Message;

        Assert.Contains(where, error);
        Assert.Contains($"iconv -f windows-1252 -t utf-8 {path} > table-utf8.csv", error);
    }

    [Fact]
    public void Open_MarkOfUtf8BeforeOtherBytes_IsRefused()
    {
        var path = folder.Write("table.csv", [0xEF, 0xBB, 0xBF, .. Encoding.Latin1.GetBytes("a,b\n1,\u00f6\n")]);

        Assert.Contains("line 2", Assert.Throws<InputException>(() => TransferSet.Open(new() { Samples = path })).Message);
    }

    [Theory]
    [InlineData("1,2\n3,4\n")]
    [InlineData("a,b\n1,2\n")]
    public void Open_LabelColumnCountedFromTheEnd_IsRefusedWithTheWordForTheLast(string text)
    {
        var path = Write(text);

        var error = Assert.Throws<InputException>(() => TransferSet.Open(new() { Samples = path, Labels = path, LabelsKey = "-1" }));
        Assert.Contains("'last' is the last column", error.Message);
    }

    [Theory]
    [InlineData("b,a\n2,1\n4,3\n")]
    [InlineData(",b,note,a\n0,2,x,1\n1,4,y,3\n", "note")]
    public void Open_TableBesideAnother_FindsItsColumnsByName(string text, params string[] leftOut)
    {
        using var transfer = TransferSet.Open(new() { Samples = folder.Write("transfer.csv", "a,b\n1,2\n"u8) });
        using var set = TransferSet.Open(new() { Samples = Write(text) }, transfer);

        Assert.Equal([1, 2, 3, 4], TestSets.Read(set, 0, 1));
        Assert.Equal(["a", "b"], set.Columns);
        Assert.Equal(leftOut, set.LeftOut);
    }

    [Fact]
    public void Open_TableBesideAnotherWithoutOneOfItsColumns_KeepsItsOwn()
    {
        using var transfer = TransferSet.Open(new() { Samples = folder.Write("transfer.csv", "a,b\n1,2\n"u8) });
        using var set = TransferSet.Open(new() { Samples = Write("c,a\n2,1\n") }, transfer);

        Assert.Equal(["c", "a"], set.Columns);
        Assert.Empty(set.LeftOut);
    }

    [Theory]
    [InlineData("line 3, column 2 (label)", "a,label\n1,0\n2,nan\n")]
    [InlineData("line 2, column 2 (label)", "a,label\n1,cat\n")]
    [InlineData("line 2, column 2 (label)", "a,label\n1,0.5\n")]
    [InlineData("line 2, column 2 (label)", "a,label\n1,1e300\n")]
    [InlineData("sample 1", "a,label\n1,0\n2,-1\n")]
    public void Open_BadLabels_NamesThePlace(string where, string text)
    {
        var path = Write(text);

        Assert.Contains(where, Assert.Throws<InputException>(() => TransferSet.Open(new() { Samples = path, Labels = path })).Message);
    }

    [Theory]
    [InlineData("did you mean 'label'", Table, "lable")]
    [InlineData("not clear", "a,b\n1,2\n", null)]
    [InlineData("no '9'", "1,2\n", "9")]
    [InlineData("no columns of samples", "label\n1\n", "label")]
    public void Open_UnknownLabelColumn_ListsTheColumns(string message, string text, string? key)
    {
        var path = Write(text);

        var error = Assert.Throws<InputException>(() => TransferSet.Open(new() { Samples = path, Labels = path, LabelsKey = key }));
        Assert.Contains(message, error.Message);
    }

    private string Write(string text) => folder.Write("table.csv", Encoding.UTF8.GetBytes(text));
}
