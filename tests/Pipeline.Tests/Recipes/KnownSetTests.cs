using OnnxKd.Core.Errors;
using OnnxKd.Core.Files;
using OnnxKd.Core.TransferSets;
using OnnxKd.Pipeline.Recipes;
using OnnxKd.Pipeline.Runs;
using OnnxKd.Pipeline.Tests.Support;

namespace OnnxKd.Pipeline.Tests.Recipes;

/// <summary>Sets that a recipe names instead of files.</summary>
public sealed class KnownSetTests : IDisposable
{
    private const string Rest = """

        student: { architecture: mlp, widths: [8] }
        objective: [ hard: {} ]
        training: { epochs: 1 }
        """;

    private readonly TemporaryFolder folder = new();

    [Fact]
    public void Read_OfKnownSet_GivesItsFilesInTheDataFolder()
    {
        var data = Read("transfer: { set: mnist, part: train, rows: 10..30 }", "test: { set: mnist, part: test }").Data;
        Assert.Equal(new KnownPart("mnist", "train"), data.Transfer.Known);
        Assert.Equal(Path.Combine(DataFolder.Of("mnist"), "train-images-idx3-ubyte"), data.Transfer.Samples);
        Assert.Equal(Path.Combine(DataFolder.Of("mnist"), "train-labels-idx1-ubyte"), data.Transfer.Labels);
        Assert.Equal((10, 20), (data.Transfer.First, data.Transfer.Count));
        Assert.Equal(Path.Combine(DataFolder.Of("mnist"), "t10k-images-idx3-ubyte"), data.Test!.Samples);
    }

    [Fact]
    public void Write_OfKnownSet_NamesItAgain()
    {
        var recipe = Read("transfer: { set: mnist, part: train, rows: 10..30 }");
        var text = RecipeFile.Write(recipe, folder.Path);
        Assert.DoesNotContain("ubyte", text);
        Assert.Equal(recipe.Data.Transfer, RecipeFile.Read(RecipeSource.Load(folder.Write("again.yaml", text)), StageKinds.All).Data.Transfer);
    }

    /// <summary>Its digest goes into student.onnx, which is the same whoever fetched the files.</summary>
    [Fact]
    public void WriteForKey_OfKnownSet_IsThatOfItsFiles()
    {
        var files = Read("transfer: { samples: elsewhere/train-images-idx3-ubyte, labels: elsewhere/train-labels-idx1-ubyte }");
        Assert.Equal(RecipeFile.WriteForKey(files), RecipeFile.WriteForKey(Read("transfer: { set: mnist, part: train }")));
    }

    [Theory]
    [InlineData("transfer: { set: mnits, part: train }", "data.transfer.set", "did you mean 'mnist'?")]
    [InlineData("transfer: { set: brown, part: train }", "data.transfer.set", "onnxkd prepare")]
    [InlineData("transfer: { set: mnist }", "data.transfer", "no 'data.transfer.part'")]
    [InlineData("transfer: { set: mnist, part: tset }", "data.transfer.part", "did you mean 'test'?")]
    [InlineData("transfer: { set: mnist, part: train, labels: l.npy }", "data.transfer.labels", "brings its own files")]
    [InlineData("transfer: { samples: s.npy, part: train }", "data.transfer.part", "add 'set'")]
    public void Read_OfWrongSet_SaysWhatIsRight(string transfer, params string[] said)
    {
        var message = Assert.Throws<InputException>(() => Read(transfer)).Message;
        Assert.All(said, words => Assert.Contains(words, message));
    }

    /// <summary>An own file on the command line takes the place of the recipe's set.</summary>
    [Fact]
    public void Samples_OnTheCommandLine_ReplaceTheSet()
    {
        var recipe = folder.Write("known.yaml", "data: { transfer: { set: mnist, part: train } }" + Rest);
        var error = Cli.Fails(2, "train", recipe, "--samples", folder["no.npy"], "--labels", folder["labels.npy"], "--runs", folder["runs"]);
        Assert.Contains(folder["no.npy"], error);
    }

    public void Dispose() => folder.Dispose();

    private Recipe Read(params string[] sets) =>
        RecipeFile.Read(RecipeSource.Load(folder.Write("r.yaml", $"data:\n{string.Concat(sets.Select(set => $"  {set}\n"))}{Rest}")), StageKinds.All);
}
