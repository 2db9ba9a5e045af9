using OnnxKd.Core.Errors;
using OnnxKd.Core.TransferSets;

namespace OnnxKd.Core.Tests.TransferSets;

/// <summary>Fields of CSV files that may be read as other ones than were meant.</summary>
public sealed class CsvMeaningTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    private string Table => Path.Combine(folder.Path, "t.csv");

    /// <summary>A small test table that leaves open what its training table tells is read as that one.</summary>
    [Theory]
    [InlineData("a;b\n1;6.5\n2;7.25\n", "a;b\n1;6.157\n", 6.157f)]
    [InlineData("a;b\n1;6,5\n2;7,25\n", "a;b\n1;6,157\n", 6.157f)]
    [InlineData("a;b\n1;6.5\n2;7.25\n", "a;b\n1;0,5\n", 0.5f)] // which says so itself
    public void Open_BesideAnotherTable_HasItsDecimals(string train, string test, float expected)
    {
        using var first = Open(train, new());
        var path = Path.Combine(folder.Path, "test.csv");
        File.WriteAllText(path, test);
        using var second = TransferSet.Open(new() { Samples = path }, first);
        var values = new float[2];
        second.Read([0], values);
        Assert.Equal([1, expected], values);
    }

    [Fact]
    public void Open_OfAPattern_HasTheDecimalsOfTheFilesBefore()
    {
        File.WriteAllText(Path.Combine(folder.Path, "p-1.csv"), "a;b\n1;6.5\n2;7.25\n");
        File.WriteAllText(Path.Combine(folder.Path, "p-2.csv"), "a;b\n1;6.157\n");

        using var set = TransferSet.Open(new() { Samples = Path.Combine(folder.Path, "p-*.csv") });

        Assert.Equal([1, 6.157f], TestSets.Read(set, 2));
    }

    /// <summary>Columns that are inputs of their own are those of one table.</summary>
    [Fact]
    public void Open_OfNamedInputsBesideAnotherTable_HasItsDecimals()
    {
        TransferSetOptions Of(string name, string text)
        {
            File.WriteAllText(Path.Combine(folder.Path, name), text);
            return new() { Samples = Path.Combine(folder.Path, name), Inputs = new([new("a"), new("b")]) };
        }

        using var train = TransferSet.Open(Of("train.csv", "a;b\n1;6,5\n2;7,25\n"));
        using var test = TransferSet.Open(Of("test.csv", "a;b\n1;6,157\n"), train);

        Assert.Equal([1, 6.157f], TestSets.Read(test, 0));
    }

    /// <summary>6.157 is 6157 where points part thousands, as they do in files with semicolons from half of Europe.</summary>
    [Theory]
    [InlineData("a;b\n1;6.157\n2;7\n")]
    [InlineData("a\tb\n1\t7\n2\t-12.500\n")]
    [InlineData("1;6.157\n2;7.001\n")] // without a header
    [InlineData("a,b\n1,\"6.157\"\n2,7\n")] // between commas a number with a decimal comma would be quoted too
    public void Open_PointThatMayPartThousands_IsRefusedWithTheLinesThatSettleIt(string text)
    {
        var error = Refusal(text, new());

        Assert.Contains("table.decimal: \".\"", error);
        Assert.Contains("table.thousands: \".\" and table.decimal: \",\"", error);
        Assert.Contains("column 2", error);
    }

    [Theory]
    [InlineData("a;b\n1;6.157\n2;7.25\n", 6.157f, 7.25f)]
    [InlineData("a;b\n1;6.157\n2;0.250\n", 6.157f, 0.25f)]
    [InlineData("a;b\n1;6.157\n2;1234.500\n", 6.157f, 1234.5f)]
    [InlineData("a,b\n1,6.157\n2,7\n", 6.157f, 7)]
    [InlineData("a,b\n1,\"6.157\"\n2,7.250\n", 6.157f, 7.25f)]
    [InlineData("a,b\n1,\"6.157\"\n2,\"7.25\"\n", 6.157f, 7.25f)]
    [InlineData("a;b;no feature\n1;6;6.157\n2;7;6.158\n", 6, 7)]
    public void Open_PointThatCanOnlyStandBeforeAFraction_IsReadSo(string text, float first, float second)
    {
        using var set = Open(text, new() { Features = ["a", "b"] });

        Assert.Equal([1, first, 2, second], TestSets.Read(set, 0, 1));
    }

    [Theory]
    [InlineData('.', null, 6.157f)]
    [InlineData(',', '.', 6157f)]
    public void Open_PointOfWhichTheOptionsTell_IsReadSo(char point, char? thousands, float expected)
    {
        using var set = Open("a;b\n1;6.157\n", new() { Decimal = point, Thousands = thousands });

        Assert.Equal([1, expected], TestSets.Read(set, 0));
    }

    [Theory]
    [InlineData("0.5")]
    [InlineData("1.23")]
    [InlineData("1.2345")]
    [InlineData("1234.567")]
    [InlineData("1.5.000")]
    [InlineData(".500")]
    [InlineData("1,5.000")]
    public void Open_SeparatorOfThousandsThatPartsNone_IsRefused(string number) =>
        Assert.Contains($"'{number}'", Refusal($"a;b\n1;{number}\n", new() { Decimal = ',', Thousands = '.' }));

    [Theory]
    [InlineData("-1.234.567,25", -1234567.25f)]
    [InlineData("12.34.567", 1234567)] // as lakhs are written
    [InlineData("123", 123)]
    [InlineData("1.234,5e2", 123450)]
    public void Open_SeparatorOfThousandsBetweenGroups_IsPassedOver(string number, float expected)
    {
        using var set = Open($"a;b\n1;{number}\n", new() { Decimal = ',', Thousands = '.' });

        Assert.Equal([1, expected], TestSets.Read(set, 0));
    }

    /// <summary>The neighbours of 1,000,000,123 in float32 lie 64 apart: 1,000,000,064 and 1,000,000,128. 2^24 + 2 is even, so it has its own.</summary>
    [Fact]
    public void Open_WholeNumbersBeyondFloat32_AreToldOncePerColumn()
    {
        using var set = Open("id,even,amount,x\n5,16777218,0.1,1\n1000000123,16777218,123456789.5,2\n1000000187,16777220,1e30,3\n", new());

        var number = Assert.Single(set.Rounded);
        Assert.Equal("id", number.Column);
        Assert.Equal("1000000123 (line 3) is read as 1000000128", $"{number}");
        using var inputs = TransferSet.Open(new() { Samples = Table, Inputs = new([new("x"), new("id")]) });
        Assert.Equal("id", Assert.Single(inputs.Rounded).Column);
    }

    [Fact]
    public void Open_LabelsThatDifferInCaseOnly_AreNamed()
    {
        File.WriteAllText(Table, "a,label\n1,Cat\n2,dog\n3,cat\n");

        Assert.Contains("if 'Cat' and 'cat' are one class, write them alike", Assert.Throws<InputException>(() => TransferSet.Open(new() { Samples = Table, Labels = Table })).Message);
    }

    [Theory]
    [InlineData("n/a")]
    [InlineData("#N/A")]
    public void Open_WhatPandasTakesForMissing_IsMissing(string text)
    {
        Assert.Contains("table.missing", Refusal($"a,b\n1,{text}\n", new()));
        using var set = Open($"a,b\n1,{text}\n", new() { MissingValue = 7 });
        Assert.Equal([1, 7], TestSets.Read(set, 0));
    }

    private TransferSet Open(string text, TableOptions options)
    {
        File.WriteAllText(Table, text);
        return TransferSet.Open(new() { Samples = Table, Table = options });
    }

    private string Refusal(string text, TableOptions table) => Assert.Throws<InputException>(() => Open(text, table)).Message;
}
