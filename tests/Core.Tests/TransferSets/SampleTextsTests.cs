using System.Text;
using OnnxKd.Core.Errors;
using OnnxKd.Core.TransferSets;

namespace OnnxKd.Core.Tests.TransferSets;

public sealed class SampleTextsTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public SampleTextsTests() => folder.Write("x.npy", TestSets.Npy("|u1", "(4, 2)", new byte[8]));

    [Fact]
    public void Open_Texts_AreThoseOfTheRowsWhateverTheirOrder()
    {
        using var set = Open("""
            {"id":2,"source":"f.ttf","length":9,"text":"two \"2\""}

            {"source":"broken.ttf","skipped":"why"}
            {"id":3,"text":"𝟛"}
            {"id":0,"text":"zero"}
            {"id":1,"text":"one"}
            """);

        Assert.Equal(["zero", "one", "two \"2\"", "𝟛"], set.Texts);
    }

    [Fact]
    public void Open_PartOfASet_KeepsTheIdsOfTheWhole()
    {
        using var set = Open("{\"id\":2,\"text\":\"c\"}\n{\"id\":0,\"text\":\"\"}\n{\"id\":1,\"text\":\"b\"}\n", first: 1, count: 2);

        Assert.Equal(["b", "c"], set.Texts);
    }

    [Fact]
    public void TextsDigest_DependsOnWhereATextEnds()
    {
        using var whole = Open("{\"id\":0,\"text\":\"a\"}\n{\"id\":1,\"text\":\"bc\"}", count: 2);
        using var other = Open("{\"id\":0,\"text\":\"ab\"}\n{\"id\":1,\"text\":\"c\"}", count: 2);
        using var none = TransferSet.Open(new() { Samples = folder["x.npy"] });

        Assert.NotEqual(whole.TextsDigest, other.TextsDigest);
        Assert.Null(none.TextsDigest);
        Assert.Empty(none.Texts);
    }

    [Theory]
    [InlineData("{\"id\":0,\"text\":\"a\"}", "id 1")]
    [InlineData("{\"id\":0,\"text\":\"a\"}\n{\"id\":1}", "t.jsonl:2")]
    [InlineData("{\"id\":0,\"text\":\"\"}", "t.jsonl:1")]
    [InlineData("{\"id\":1,\"text\":\"a\"}\n{\"id\":1,\"text\":\"a\"}", "t.jsonl:2")]
    [InlineData("{\"id\":0,\"text\":\"a\"}\nid 1: b", "t.jsonl:2")]
    [InlineData("[0]", "t.jsonl:1")]
    [InlineData("null", "t.jsonl:1")]
    [InlineData("{\"id\":\"x\"}", "t.jsonl:1")]
    public void Open_WrongTexts_NamesThePlace(string lines, string place) =>
        Assert.Contains(place, Assert.Throws<InputException>(() => Open(lines, count: 2)).Message);

    [Fact]
    public void Open_MissingTexts_IsAnInputError() => Assert.Throws<InputException>(
        () => TransferSet.Open(new() { Samples = folder["x.npy"], Texts = folder["missing.jsonl"] }));

    public void Dispose() => folder.Dispose();

    private TransferSet Open(string lines, long first = 0, long count = 4) => TransferSet.Open(new()
    {
        Samples = folder["x.npy"], Texts = folder.Write("t.jsonl", Encoding.UTF8.GetBytes(lines)), First = first, Count = count,
    });
}
