using System.Text;
using OnnxKd.Core.Errors;
using OnnxKd.Core.TransferSets;

namespace OnnxKd.Core.Tests.TransferSets;

/// <summary>Tables as people have them: the files in <c>Tables</c>, whose values are written out here.</summary>
public sealed class TableOptionsTests : IDisposable
{
    private static readonly TableOptions plain = new();

    // The first two samples and the last, and their labels.
    private static readonly float[] ends = [1.764f, 0.4f, 0.979f, 2.241f, 1.868f, -0.977f, 0.95f, -0.151f, -0.871f, -0.579f, -0.312f, 0.056f];
    private static readonly int[] endLabels = [0, 1, 2];

    private readonly TemporaryFolder folder = new();

    public static TheoryData<string, TableOptions, string> WholeTables => new()
    {
        { "header", plain, "label" },
        { "blank_end", plain, "label" },
        { "bom_crlf", plain, "label" },
        { "floatlabel", plain, "label" },
        { "quoted", plain, "label" },
        { "quotednl", plain, "last" },
        { "spaces", plain, "label" },
        { "tab", plain, "label" },
        { "utf16", plain, "label" },
        { "index", plain, "label" }, // the first column has no name: the rows' names
        { "semicolon", plain, "label" }, // with decimal commas
        { "semicolon", plain with { Decimal = ',' }, "label" },
        { "strlabel", plain with { Classes = ["cat", "dog", "bird"] }, "label" },
        { "header", plain with { Separator = ',', Header = true, Features = ["a", "b", "c", "d"] }, "label" },
        { "index", plain with { Drop = ["0"] }, "5" },
    };

    public void Dispose() => folder.Dispose();

    [Theory]
    [MemberData(nameof(WholeTables))]
    public void Open_TableWithLabels_HasTheValuesOfTheFile(string name, TableOptions csv, string key)
    {
        using var set = TransferSet.Open(new() { Samples = Table(name), Labels = Table(name), LabelsKey = key, Table = csv });

        Assert.Equal((20, 4), (set.Count, set.SampleElements));
        Assert.Equal(ends, TestSets.Read(set, 0, 1, 19));
        Assert.Equal(endLabels, new[] { set.Labels[0], set.Labels[1], set.Labels[19] });
    }

    [Fact]
    public void Open_TableWithoutHeader_LosesNoLine()
    {
        using var set = TransferSet.Open(new() { Samples = Table("noheader") });

        Assert.Equal(20, set.Count);
        Assert.Equal(ends, TestSets.Read(set, 0, 1, 19));
    }

    [Fact]
    public void Open_TextLabelsWithoutHeader_LosesNoLineWhereTheClassesAreGiven()
    {
        var path = Write("1,cat\n2,dog\n");

        using var set = TransferSet.Open(new() { Samples = path, Labels = path, LabelsKey = "last", Table = plain with { Classes = ["dog", "cat"] } });

        Assert.Equal([1, 0], set.Labels.ToArray());
    }

    [Fact]
    public void Open_GroupsThatAreTexts_AreTheSameInAllFilesOfTheSet()
    {
        File.WriteAllText(folder["1.csv"], "a,label,group\n1,0,anna\n2,1,7\n3,0,bert\n");
        File.WriteAllText(folder["2.csv"], "a,label,group\n4,1,bert\n5,0,7.0\n6,1,anna\n");

        using var set = TransferSet.Open(new() { Samples = folder["*.csv"], Labels = folder["*.csv"], Groups = folder["*.csv"] });

        Assert.Equal([1, 2, 3, 4, 5, 6], TestSets.Read(set, 0, 1, 2, 3, 4, 5));
        Assert.Equal([0, 1, 2, 2, 1, 0], set.Groups!.Held.ToArray());
    }

    /// <summary>Customers' numbers are longer than a double or 32 bits hold.</summary>
    [Fact]
    public void Open_GroupsOfLongNumbers_AreToldApart()
    {
        var path = Write("a,label,group\n1,0,12345678901234567\n2,1,12345678901234568\n3,0,12345678901234567\n");
        var numbers = folder["g.npy"];
        File.WriteAllBytes(numbers, TestSets.Npy("<i8", "(3,)", [.. BitConverter.GetBytes(5_000_000_000), .. BitConverter.GetBytes(6_000_000_000), .. BitConverter.GetBytes(5_000_000_000)]));

        using var texts = TransferSet.Open(new() { Samples = path, Labels = path, Groups = path });
        using var integers = TransferSet.Open(new() { Samples = path, Labels = path, Groups = numbers });

        Assert.Equal([0, 1, 0], texts.Groups!.Held.ToArray());
        Assert.Equal([0, 1, 0], integers.Groups!.Held.ToArray());
    }

    [Fact]
    public void Open_GroupThatIsMissing_SaysWhatToDo()
    {
        var path = Write("a,label,group\n1,0,anna\n2,1,\n");

        var error = Assert.Throws<InputException>(() => TransferSet.Open(new() { Samples = path, Labels = path, Groups = path }));

        Assert.All(["group", "line 3", "table.missing"], part => Assert.Contains(part, error.Message));
    }

    [Fact]
    public void Open_TruthValues_AreOneAndZero()
    {
        using var set = TransferSet.Open(new() { Samples = Table("bool"), Labels = Table("bool") });

        Assert.Equal([1, 1, 2, 3, 1.868f, -0.977f, 0.95f, -0.151f], TestSets.Read(set, 0, 1));
    }

    [Fact]
    public void Open_ThousandsSeparator_IsAllowedWhereTheOptionsSaySo()
    {
        var options = new TransferSetOptions { Samples = Table("thousand"), Labels = Table("thousand") };

        using var set = TransferSet.Open(options with { Table = plain with { Thousands = ',' } });

        Assert.Equal([1234.5f, 2, 3, 4], TestSets.Read(set, 0));
        Assert.Contains("table.thousands", Refusal(options));
    }

    [Theory]
    [InlineData("missing", 3)]
    [InlineData("nan", 3)]
    [InlineData("na", 2)]
    public void Open_MissingValue_IsAnErrorOrFilledInOrLeftOut(string name, int lines)
    {
        var options = new TransferSetOptions { Samples = Table(name), Labels = Table(name) };

        var error = Refusal(options);
        Assert.Contains("line 3, column 2 (b)", error);
        Assert.Contains("table.missing", error);
        using var filled = TransferSet.Open(options with { Table = plain with { MissingValue = -1 } });
        Assert.Equal(lines, filled.Count);
        Assert.Equal([0.1f, -1, 0.3f, 0.4f], TestSets.Read(filled, 1));
        using var dropped = TransferSet.Open(options with { Table = plain with { DropMissing = true } });
        Assert.Equal(lines - 1, dropped.Count);
        Assert.Equal(lines == 3 ? [0, 2] : [0], dropped.Labels.ToArray());
        Assert.Equal(1.764f, TestSets.Read(dropped, 0)[0]);
    }

    [Fact]
    public void Open_TextsThatStandForMissingValues_AreMissing()
    {
        var options = new TransferSetOptions { Samples = Write("a,b\n1,-\n-99999,2\n-1,3\n") };
        var codes = plain with { MissingTexts = ["-", "-99999"] };

        using var filled = TransferSet.Open(options with { Table = codes with { MissingValue = 0 } });
        using var dropped = TransferSet.Open(options with { Table = codes with { DropMissing = true } });

        Assert.Equal([1, 0, 0, 2, -1, 3], TestSets.Read(filled, 0, 1, 2));
        Assert.Equal([-1, 3], TestSets.Read(dropped, 0));
        Assert.Contains("table.missing-texts", Refusal(options));
    }

    [Fact]
    public void Open_MissingLabel_IsLeftOutWithItsSample()
    {
        var path = Write("a,label\n1,0\n2,\n3,1\n");
        var options = new TransferSetOptions { Samples = path, Labels = path };

        using var set = TransferSet.Open(options with { Table = plain with { DropMissing = true } });

        Assert.Equal([1, 3], TestSets.Read(set, 0, 1));
        Assert.Equal([0, 1], set.Labels.ToArray());
        Assert.Contains("line 3", Refusal(options with { Table = plain with { MissingValue = 0 } }));
    }

    [Fact]
    public void Open_FeaturesByName_AreTakenInTheirOrder()
    {
        using var set = TransferSet.Open(new() { Samples = Table("header"), Table = plain with { Features = ["d", "a"] } });
        using var rest = TransferSet.Open(new() { Samples = Table("header"), Table = plain with { Drop = ["label", "b"] } });

        Assert.Equal([2.241f, 1.764f], TestSets.Read(set, 0));
        Assert.Equal([1.764f, 0.979f, 2.241f], TestSets.Read(rest, 0));
    }

    [Theory]
    [InlineData("empty", "is empty")]
    [InlineData("ragged", "line 3")]
    [InlineData("strlabel", "table.classes")]
    public void Open_TableThatNeedsAnOption_NamesIt(string name, string message)
    {
        Assert.Contains(message, Refusal(new() { Samples = Table(name), Labels = Table(name) }));
    }

    /// <summary>A comma before three digits may part thousands, unless another number of the file tells.</summary>
    [Theory]
    [InlineData("a;b\n1;6,157\n2;7,250\n", "table.thousands: \",\"")]
    [InlineData("a;b\n1;6,157\n2;7.25\n", "if the comma stands before a fraction")]
    [InlineData("a;b\n1;0,5\n2;7.25\n", "set table.decimal and table.thousands")]
    [InlineData("a;b\n1;1.234,5\n2;7\n", "1.234,5 has decimal: \",\" and thousands: \".\"")]
    public void Open_CommasThatMayMeanTwoThings_AreRefusedWithTheLineThatSettlesIt(string text, string message) =>
        Assert.Contains(message, Refusal(new() { Samples = Write(text) }));

    [Theory]
    [InlineData("a;b\n1;6,157\n2;7,25\n", 6.157f, 7.25f)]
    [InlineData("a;b\n1;0,157\n2;7\n", 0.157f, 7)]
    [InlineData("a\tb\n1\t-2,5e-3\n2\t+7\n", -2.5e-3f, 7)]
    [InlineData("sep=;\n# x;1.5\na;b\n1;\"12,3456\"\n2;7\n", 12.3456f, 7)]
    public void Open_CommasThatCanOnlyStandBeforeFractions_AreReadSo(string text, float first, float second)
    {
        using var set = TransferSet.Open(new() { Samples = Write(text) });

        Assert.Equal([1, first, 2, second], TestSets.Read(set, 0, 1));
    }

    [Theory]
    [InlineData("a,a,label\n1,2,0\n", "one name")]
    [InlineData("a,b,label\n1,2,0\n", "no column 'c'")]
    [InlineData("c,b,label\n1,2,horse\n", "not among the classes")]
    public void Open_ColumnsOrClassesThatAreNotThere_AreRefused(string text, string message)
    {
        var path = Write(text);

        Assert.Contains(message, Refusal(new()
        {
            Samples = path, Labels = path, Table = plain with { Features = ["c"], Classes = ["cat"] },
        }));
    }

    [Fact]
    public void Open_ColumnThatIsBothFeatureAndLabel_IsRefused()
    {
        Assert.Contains("both", Refusal(new()
        {
            Samples = Table("header"), Labels = Table("header"), Table = plain with { Features = ["a", "label"] },
        }));
    }

    [Theory]
    [InlineData('1')] // a line without an end
    [InlineData('\n')] // a quote without an end
    public void Open_LineThatNeverEnds_IsRefusedBeforeItIsHeld(char filler)
    {
        var path = Path.Combine(folder.Path, "endless.csv");
        using (var file = File.CreateText(path))
        {
            file.Write("1,2\n\"");
            for (var i = 0; i < 100; i++)
                file.Write(new string(filler, 1 << 20));
        }

        var before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Contains("too long", Refusal(new() { Samples = path }));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 128L << 20); // the file is 100 MiB of UTF-8, twice that as text
    }

    private static string Table(string name) => Path.Combine(AppContext.BaseDirectory, "TransferSets", "Tables", $"{name}.csv");

    private static string Refusal(TransferSetOptions options) => Assert.Throws<InputException>(() => TransferSet.Open(options)).Message;

    private string Write(string text) => folder.Write("table.csv", Encoding.UTF8.GetBytes(text));
}
