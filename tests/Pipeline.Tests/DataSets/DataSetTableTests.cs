using System.Text.RegularExpressions;
using OnnxKd.Core.Errors;
using OnnxKd.Pipeline.DataSets;
using OnnxKd.Pipeline.Tests.Support;

namespace OnnxKd.Pipeline.Tests.DataSets;

public class DataSetTableTests
{
    public static TheoryData<string> Names => [.. DataSetTable.All.Select(set => set.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public void Entry_IsWellFormed(string name)
    {
        var set = Assert.Single(DataSetTable.All, set => set.Name == name);
        Assert.Matches("^[a-z0-9]+(-[a-z0-9]+)*$", name);
        Assert.NotEmpty(set.Licence);
        Assert.All(set.Packages, package => Assert.True(package.Bytes > 0));
        var items = set.Packages.SelectMany(package => package.Items).ToArray();
        Assert.All(items, item =>
        {
            Assert.Matches(new Regex("^[0-9a-f]{64}$"), item.Sha256);
            Assert.Equal(item.IsFolder, item.To.Length == 0 || item.To.EndsWith('/'));
            Assert.DoesNotContain("..", item.From + item.To);
            Assert.False(Path.IsPathRooted(item.To));
        });
        Assert.Equal(items.Length, items.Select(item => item.To).Distinct().Count());
        if (set.Derived is { } derived)
            Assert.Equal(DataSetTable.Find(derived.Of, "here").Parts.Select(part => part.Name), set.Parts.Select(part => part.Name));
        else
            Assert.All(set.Parts, part => Assert.Equal((true, true), (items.Any(item => item.To == part.Samples), items.Any(item => item.To == part.Labels))));
    }

    /// <summary>Each pixel of the half is the mean of four, rounded.</summary>
    [Fact]
    public void DataFetch_OfAHalf_IsMadeOfTheWhole()
    {
        var folder = Cli.Done("data", "fetch", "mnist-half").Output.Trim()["mnist-half: ".Length..];
        using var half = Core.TransferSets.TransferSet.Open(new() { Samples = Path.Combine(folder, "test-images-idx3-ubyte"), Labels = Path.Combine(folder, "test-labels") });
        using var whole = Core.TransferSets.TransferSet.Open(new() { Samples = Path.Combine(Core.Files.DataFolder.Of("mnist"), "t10k-images-idx3-ubyte") });
        Assert.Equal((10_000, 7), (half.Count, half.Labels[0]));
        Assert.Equal([14, 14], half.SampleShape);
        float[] small = new float[14 * 14], large = new float[28 * 28];
        half.Read([9], small);
        whole.Read([9], large);
        for (var y = 0; y < 14; y++)
            for (var x = 0; x < 14; x++)
            {
                var mean = (large[56 * y + 2 * x] + large[56 * y + 2 * x + 1] + large[56 * y + 28 + 2 * x] + large[56 * y + 29 + 2 * x]) / 4;
                Assert.InRange(small[14 * y + x], mean - 0.5f, mean + 0.5f);
            }
    }

    [Fact]
    public void Names_AreDifferent() => Assert.Equal(DataSetTable.All.Count, DataSetTable.All.Select(set => set.Name).Distinct().Count());

    [Fact]
    public void Find_OfUnknownName_ListsTheKnownOnes()
    {
        var error = Assert.Throws<InputException>(() => DataSetTable.Find("mnits", "here"));
        Assert.Contains("did you mean 'mnist'?", error.Message);
        Assert.All(DataSetTable.All, set => Assert.Contains(set.Name, error.Message));
    }

    [Fact]
    public void DataCommand_ListsEverySet()
    {
        var text = Cli.Done("data").Output;
        Assert.All(DataSetTable.All, set => Assert.Contains($"{set.Name}: {set.Content}", text));
    }

    [Fact]
    public void DataFetch_OfUnknownName_Fails() => Assert.Contains("pp-ocr", Cli.Fails(2, "data", "fetch", "pp-orc"));

    /// <summary>MNIST, fetched, is what the test of shipped models needs; asked for again it is only named.</summary>
    [Fact]
    public void DataFetch_OfSetThatIsThere_PrintsItsFolder()
    {
        Cli.Done("data", "fetch", "mnist");
        var result = Cli.Done("data", "fetch", "mnist");
        Assert.Empty(result.Error);
        Assert.Equal("ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db", Core.Files.Hashing.Sha256OfFile(
            Path.Combine(result.Output.Trim()["mnist: ".Length..], "train-images-idx3-ubyte")));
    }
}
