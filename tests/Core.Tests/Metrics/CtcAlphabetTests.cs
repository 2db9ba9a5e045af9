using System.Text;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Metrics;

namespace OnnxKd.Core.Tests.Metrics;

public sealed class CtcAlphabetTests : IDisposable
{
    private static readonly CtcAlphabet Letters = new(["a", "b", " "]);

    private readonly TemporaryFolder folder = new();

    [Theory]
    [InlineData("", "")]
    [InlineData("0000", "")]
    [InlineData("1", "a")]
    [InlineData("0110", "a")] // the same class in neighbouring frames is one character
    [InlineData("1012", "aab")] // a blank between them makes two
    [InlineData("1122", "ab")]
    [InlineData("121", "aba")]
    [InlineData("10320", "a b")]
    [InlineData("3", " ")] // a space is a character like any other
    public void Decode_FramesWorkedByHand_GivesTheText(string tops, string text) =>
        Assert.Equal(text, Letters.Decode(Scores(tops, 4)));

    [Theory]
    [InlineData(0, "0120", "ab")]
    [InlineData(1, "1021", "ab")]
    [InlineData(2, "2012", "ab")] // the blank comes last
    public void Decode_BlankElsewhere_LeavesTheOtherClassesInTheirOrder(int blank, string tops, string text) =>
        Assert.Equal(text, new CtcAlphabet(["a", "b"], blank).Decode(Scores(tops, 3)));

    [Fact]
    public void Decode_EqualScores_TakesTheFirstClass() => Assert.Equal("a", Letters.Decode([-1, 5, 5, 5]));

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    public void Decode_NonFiniteScore_NamesTheFrame(float bad)
    {
        var error = Assert.Throws<CheckFailedException>(() => Letters.Decode([1, 0, 0, 0, 0, 0, bad, 0]));

        Assert.Contains("frame 1, class 2", error.Message);
    }

    [Fact]
    public void Decode_PartOfAFrame_Throws() => Assert.Throws<ArgumentException>(() => Letters.Decode(new float[7]));

    [Fact]
    public void Load_File_HasAClassPerLineAndTheBlankAndTheSpace()
    {
        // No line feed after the last line, a carriage return, and characters beyond 16 bits.
        var path = folder.Write("keys.txt", "疗\r\nx\n😀"u8);

        var alphabet = CtcAlphabet.Load(new() { File = path, Space = true });

        Assert.Equal(5, alphabet.Classes);
        Assert.Equal("疗x😀 ", alphabet.Decode(Scores("1234", 5)));
        Assert.Equal(4, CtcAlphabet.Load(new() { File = path }).Classes);
    }

    [Fact]
    public void Digest_TellsAlphabetsApart()
    {
        string[] digests = [new CtcAlphabet(["a", "b"]).Digest, new CtcAlphabet(["b", "a"]).Digest, new CtcAlphabet(["a", "b"], 1).Digest];

        Assert.Equal(3, digests.Distinct().Count());
        Assert.Equal(digests[0], new CtcAlphabet(["a", "b"]).Digest);
    }

    [Theory]
    [InlineData("a\n\nb", 0, "keys.txt:2")]
    [InlineData("a\nb", 3, "class 3")]
    [InlineData("a\nb", -1, "class -1")]
    public void Load_WrongContent_NamesThePlace(string content, int blank, string place)
    {
        var path = folder.Write("keys.txt", Encoding.UTF8.GetBytes(content));

        Assert.Contains(place, Assert.Throws<InputException>(() => CtcAlphabet.Load(new() { File = path, Blank = blank })).Message);
    }

    [Fact]
    public void Load_MissingOrNotUtf8_IsAnInputError()
    {
        var latin = folder.Write("latin.txt", [0x61, 0x0a, 0xe9, 0x0a]);

        Assert.Throws<InputException>(() => CtcAlphabet.Load(new() { File = folder["missing.txt"] }));
        Assert.Throws<InputException>(() => CtcAlphabet.Load(new() { File = latin }));
    }

    [Fact]
    public void RequireClasses_OtherNumber_SaysBoth()
    {
        Letters.RequireClasses("m.onnx", 4);

        var message = Assert.Throws<InputException>(() => Letters.RequireClasses("m.onnx", 5)).Message;
        Assert.Contains("5 classes", message);
        Assert.Contains("4: the blank and 3 characters", message);
    }

    public void Dispose() => folder.Dispose();

    /// <summary>Frames whose top classes are these digits.</summary>
    private static float[] Scores(string tops, int classes) =>
        [.. tops.SelectMany(top => Enumerable.Range(0, classes).Select(c => c == top - '0' ? 2f : -c))];
}
