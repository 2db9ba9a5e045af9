using OnnxKd.Core.Text;

namespace OnnxKd.Core.Tests.Text;

public sealed class ShellWordTests
{
    [Theory]
    [InlineData("runs/mnist-2/best.yaml", "runs/mnist-2/best.yaml")]
    [InlineData("my recipe.yaml", "'my recipe.yaml'")]
    [InlineData("it's.yaml", @"'it'\''s.yaml'")]
    [InlineData("-x.yaml", "./-x.yaml")]
    [InlineData("$HOME.yaml", "'$HOME.yaml'")]
    [InlineData("", "''")]
    public void Of_APath_IsOneWordOfAShell(string path, string expected) => Assert.Equal(expected, ShellWord.Of(path));
}
