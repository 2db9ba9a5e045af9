using OnnxKd.Pipeline.Recipes;
using YamlDotNet.RepresentationModel;

namespace OnnxKd.Pipeline.Tests.Recipes;

/// <summary>What is written is read again, whatever texts people have: names of columns, of files, of classes.</summary>
public sealed class YamlTreeTests
{
    [Theory]
    [InlineData("How sure are you...")]
    [InlineData("...")]
    [InlineData("one\n...\ntwo")]
    [InlineData("ends so...\n")]
    [InlineData("\t")]
    [InlineData("a\tb")]
    [InlineData(" ")]
    [InlineData("---")]
    [InlineData("\u00a0")]
    [InlineData("a: b #c")]
    public void Text_OfAnyValue_IsReadAgain(string value)
    {
        var written = YamlTree.Text(YamlTree.Map(("first", value), ("list", new[] { value, "b" }), ("last", value)));

        var read = YamlText.Parse(written, _ => "test")!;

        Assert.Equal([value, value, value], new[] { read.Find("first"), ((YamlSequenceNode)read.Find("list")!).Children[0], read.Find("last") }.Select(node => ((YamlScalarNode)node!).Value));
    }
}
