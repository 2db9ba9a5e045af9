using OnnxKd.Core.Files;

namespace OnnxKd.Core.Tests.Files;

public class DataFolderTests
{
    [Fact]
    public void Choose_OfNamedFolder_TakesIt()
    {
        using var folder = new TemporaryFolder();
        Assert.Equal(Path.Combine(folder.Path, "sets"), DataFolder.Choose(Path.Combine(folder.Path, "sets"), AppContext.BaseDirectory));
    }

    [Fact]
    public void Choose_InARepository_TakesItsData()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(Path.Combine(folder.Path, "OnnxKd.sln"), "");
        var program = Directory.CreateDirectory(Path.Combine(folder.Path, "build", "app")).FullName;
        Assert.Equal(Path.Combine(folder.Path, "data"), DataFolder.Choose("", program + Path.DirectorySeparatorChar));
    }

    [Fact]
    public void Choose_Elsewhere_TakesTheUsersCache()
    {
        using var folder = new TemporaryFolder();
        var chosen = DataFolder.Choose(null, folder.Path);
        Assert.EndsWith(Path.Combine("onnxkd", "data"), chosen);
        Assert.False(chosen.StartsWith(folder.Path, StringComparison.Ordinal));
    }
}
