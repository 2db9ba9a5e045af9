using System.Text;
using OnnxKd.Core.Errors;
using OnnxKd.Core.TransferSets;

namespace OnnxKd.Core.Tests.TransferSets;

/// <summary>Tables whose columns hold texts, for models that take one row of numbers.</summary>
public sealed class CategoriesTests : IDisposable
{
    private const string Shirts = "age,color,size,label\n31,red,S,0\n4.5,blue,XL,1\n20,red,M,0\n";

    private static readonly TableOptions coded = new() { Categories = [new("color", ["blue", "green", "red"]), new("size", ["S", "M", "XL"], IsOneHot: true)] };

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Open_Categories_AreTheirPlaceInTheListOrAValueForEach()
    {
        using var set = Open(Shirts, coded);

        Assert.Equal([31, 2, 1, 0, 0, 4.5f, 0, 0, 0, 1, 20, 2, 0, 1, 0], TestSets.Read(set, 0, 1, 2));
        Assert.Equal(["age", "color", "size"], set.Columns);
        Assert.Equal(["age", "color", "size=S", "size=M", "size=XL"], set.ValueNames);
        Assert.Equal([0, 1, 0], set.Labels.ToArray());
    }

    [Fact]
    public void Open_CategoriesWithoutHeader_LoseNoLine()
    {
        using var set = Open("red,1\nblue,0\n", new() { Categories = [new("0", ["blue", "red"])] }, "1");

        Assert.Equal([1, 0], TestSets.Read(set, 0, 1));
    }

    [Fact]
    public void Open_TableBesideAnother_HasItsCategoriesWhateverTheOrderOfItsColumns()
    {
        using var transfer = Open(Shirts, coded);
        using var set = TransferSet.Open(new() { Samples = Write("size,color,age\nM,green,7\n") }, transfer);

        Assert.Equal([7, 1, 0, 1, 0], TestSets.Read(set, 0));
        Assert.Equal(transfer.Categories, set.Categories);
    }

    [Theory]
    [InlineData("31,purple,S,0", "'purple'", "blue, green, red")]
    [InlineData("31,,S,0", "missing: { color: 0 }", "blue, green, red")]
    [InlineData("31,red,,0", "missing: { size: 0 }", "S, M, XL")]
    public void Open_TextThatIsNoCategory_IsRefused(string line, string found, string expected)
    {
        var error = Refusal($"age,color,size,label\n{line}\n", coded);

        Assert.Contains("line 2", error);
        Assert.Contains(found, error);
        Assert.Contains(expected, error);
    }

    [Fact]
    public void Open_MissingText_MayBeACategory()
    {
        using var set = Open("color,label\n,0\nNA,1\nred,0\n", new() { Categories = [new("color", ["red", "", "NA"])] });

        Assert.Equal([1, 2, 0], TestSets.Read(set, 0, 1, 2));
    }

    [Fact]
    public void Open_MissingByColumn_FillsOrLeavesOut()
    {
        const string text = "age,fare,color,label\n,1,red,0\n5,,red,1\n6,2,,2\n7,3,blue,\n8,4,blue,4\n";
        var options = new TableOptions { Categories = [new("color", ["blue", "red"], IsOneHot: true)], MissingByColumn = [new("age", 29.5f), new("fare", null), new("color", 0), new("label", null)] };
        using var set = Open(text, options);

        Assert.Equal([29.5f, 1, 0, 1, 6, 2, 0, 0, 8, 4, 1, 0], TestSets.Read(set, 0, 1, 2));
        Assert.Equal([0, 2, 4], set.Labels.ToArray());
        Assert.Contains("missing: { fare: 0 }", Refusal(text, options with { MissingByColumn = [new("age", 1)] }));
    }

    [Fact]
    public void Open_CategoriesOfWhatIsNoFeature_AreRefused()
    {
        Assert.Contains("'colour'", Refusal(Shirts, new() { Categories = [new("colour", ["red"])] }));
        Assert.Contains("'color'", Refusal(Shirts, coded with { Drop = ["color"] }));
        Assert.Contains("'fare'", Refusal(Shirts, coded with { MissingByColumn = [new("fare", 0)] }));
    }

    /// <summary>Of named inputs, in one table and in two, as of features: a name that nothing has is told with the nearest that there is.</summary>
    [Theory]
    [InlineData("categories", "colour", "did you mean 'color'?")]
    [InlineData("categories", "label", "a column that is an input")] // a column, and no input
    [InlineData("texts", "siez", "did you mean 'size'?")]
    [InlineData("missing", "agge", "did you mean 'age'?")]
    [InlineData("categories", "7", "a column that is an input")]
    public void Open_NamesOfNamedInputsThatNothingHas_AreRefused(string setting, string name, string said)
    {
        var table = new TableOptions
        {
            Categories = setting == "categories" ? [new("size", ["S", "M", "XL"]), new(name, ["red"])] : [], Texts = setting == "texts" ? [name] : [],
            MissingByColumn = setting == "missing" ? [new(name, 0)] : [],
        };
        var (one, other) = (Write(Shirts), folder.Write("other.csv", "weight\n1\n1\n1\n"u8.ToArray()));

        foreach (var inputs in new InputSource[][] { [new("age"), new("color"), new("size")], [new("age"), new("color"), new("size"), new("w", other, "weight")] })
        {
            var error = Assert.Throws<InputException>(() => TransferSet.Open(new() { Samples = one, Inputs = new(inputs), Table = table })).Message;
            Assert.Contains($"table.{setting}", error);
            Assert.Contains($"'{name}'", error);
            Assert.Contains(said, error);
        }
    }

    [Fact]
    public void Open_NamesOfNamedInputsInSeveralTables_AreThoseOfAny()
    {
        var other = folder.Write("other.csv", "weight\n1\n1\n1\n"u8.ToArray());
        using var set = TransferSet.Open(new()
        {
            Samples = Write(Shirts), Inputs = new([new("age"), new("color"), new("w", other, "weight")]),
            Table = new() { Categories = [new("color", ["blue", "green", "red"])], MissingByColumn = [new("weight", 0), new("age", 1)], Texts = ["w"] },
        });
        Assert.Equal(["blue", "green", "red"], set.SampleShape.Find("color")!.Texts);
    }

    [Fact]
    public void Open_SettingsOfColumnsWhereThereIsNoTable_AreRefused()
    {
        var file = folder.Write("x.npy", TestSets.Npy("<f4", "(2, 1)", new byte[8]));
        string Of(TableOptions table) => Assert.Throws<InputException>(() => TransferSet.Open(new() { Samples = file, Table = table })).Message;
        Assert.Contains("table.drop", Of(new() { Drop = ["id"] }));
        Assert.Contains("table.categories", Of(new() { Categories = [new("color", ["red"])] }));
        Assert.Contains("table.texts", Refusal(Shirts, coded with { Texts = ["color"] }));
    }

    [Fact]
    public void Open_ColumnsOfTexts_AreRefusedWithTheLinesThatMakeNumbersOfThem()
    {
        var error = Refusal(Shirts, new());

        Assert.Contains("'color': 'blue', 'red'; 'size': 'M', 'S', 'XL'", error);
        Assert.Contains("table.categories: { color: [blue, red], size: [M, S, XL] }", error);
        Assert.Contains("table.drop: [color]", error);
    }

    [Fact]
    public void Open_LabelsOfTexts_AreRefusedWithTheLineThatNamesTheClasses()
    {
        var error = Refusal("age,label\n1,dog\n2,cat\n3,dog\n", new());

        Assert.Contains("'cat', 'dog'", error);
        Assert.Contains("--set 'data.transfer.table.classes=[cat, dog]'", error);
        Assert.Contains("line 3, column 2 (label)", Refusal("age,label\n1,0\n2,cat\n", new()));
        Assert.Contains("line 2, column 2 (label)", Refusal("age,label\n1,x\n2,1\n", new()));
    }

    [Fact]
    public void Open_ColumnOfManyTexts_IsNotTakenForCategories()
    {
        var error = Refusal($"age,note,label\n{string.Concat(Enumerable.Range(0, 60).Select(i => $"1,text {i},0\n"))}", new());

        Assert.Contains("table.drop: [note]", error);
        Assert.DoesNotContain("table.categories", error);
    }

    [Theory]
    [InlineData("age,label\nx,0\n2,1\n")] // a slip in a column of numbers
    [InlineData("age,label\n2020-01-02,0\n2020-01-03,1\n")]
    public void Open_ValueThatIsNoNumber_IsNamedByItself(string text) => Assert.Contains("line 2, column 1 (age)", Refusal(text, new()));

    [Fact]
    public void Open_NamedInputs_NumberTheirTextsInTheOrderOfTheCategories()
    {
        using var set = TransferSet.Open(new()
        {
            Samples = Write(Shirts), Inputs = new([new("age"), new("color")]), Table = new() { Categories = [new("color", ["blue", "green", "red"])] },
        });

        Assert.Equal([31, 2, 4.5f, 0], TestSets.Read(set, 0, 1));
        Assert.Equal(["blue", "green", "red"], set.SampleShape.Find("color")!.Texts);
    }

    private TransferSet Open(string text, TableOptions options, string labels = "label")
    {
        var path = Write(text);
        return TransferSet.Open(new() { Samples = path, Labels = path, LabelsKey = labels, Table = options });
    }

    private string Refusal(string text, TableOptions options) => Assert.Throws<InputException>(() => Open(text, options)).Message;

    private string Write(string text) => folder.Write($"{Guid.NewGuid():n}.csv", Encoding.UTF8.GetBytes(text));
}
