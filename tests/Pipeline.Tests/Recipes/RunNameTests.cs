using OnnxKd.Pipeline.Recipes;
using OnnxKd.Pipeline.Tests.Support;

namespace OnnxKd.Pipeline.Tests.Recipes;

[Collection(nameof(TinyProject))]
public sealed class RunNameTests(TinyProject project) : IDisposable
{
    private readonly TemporaryFolder runs = new();

    [Theory]
    [InlineData("mnist-2.b", "mnist-2.b")]
    [InlineData("-rez ept ü", "rez-ept-ü")]
    [InlineData("a 😀 b", "a-b")]
    [InlineData("😀", "recipe")]
    [InlineData(".", "recipe")]
    [InlineData("..", "recipe")]
    [InlineData("", "recipe")]
    [InlineData(null, "student")]
    public void DefaultName_OfAFile_CanBeAFolders(string? file, string expected) => Assert.Equal(expected, RecipeFile.DefaultName(file));

    [Fact]
    public void Train_FileWithAnyName_WritesARecipeThatCanBeRead()
    {
        var file = Path.Combine(Path.GetDirectoryName(project["student.yaml"])!, "-my 'räcipe'.yaml");
        File.Copy(project["student.yaml"], file);

        Cli.Done("train", file, "--epochs", "1", "--no-baseline", "--runs", runs.Path);

        Assert.Equal([runs["my-räcipe"]], Directory.GetDirectories(runs.Path));
        Cli.Done("plan", runs["my-räcipe/recipe.yaml"], "--runs", runs.Path);
    }

    public void Dispose() => runs.Dispose();
}
