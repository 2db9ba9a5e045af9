using OnnxKd.Core.Text;

namespace OnnxKd.Core.Tests.Text;

public sealed class YamlWordTests
{
    [Theory]
    [InlineData("ids", "ids")]
    [InlineData("/data/enc.npz", "/data/enc.npz")]
    [InlineData("/data/my file.npz", "/data/my file.npz")]
    [InlineData("#ids", "\"#ids\"")]
    [InlineData("enc.npz#ids", "\"enc.npz#ids\"")]
    [InlineData("a: b", "\"a: b\"")]
    [InlineData("a, b", "\"a, b\"")]
    [InlineData("[x]", "\"[x]\"")]
    [InlineData("*.npy", "\"*.npy\"")]
    [InlineData(" x", "\" x\"")]
    [InlineData("say \"no\"", "\"say \\\"no\\\"\"")]
    [InlineData("C:\\x,y", "\"C:\\\\x,y\"")]
    [InlineData("null", "\"null\"")]
    [InlineData("", "\"\"")]
    [InlineData("a\nb", "\"a\\u000ab\"")]
    public void Of_Text_IsWhatARecipeMustHave(string text, string expected) => Assert.Equal(expected, YamlWord.Of(text));

    [Fact]
    public void Map_QuotesKeysAndValues() => Assert.Equal("{ ids: \"#ids\", \"col: 1\": FILE }", YamlWord.Map(("ids", "#ids"), ("col: 1", "FILE")));
}
