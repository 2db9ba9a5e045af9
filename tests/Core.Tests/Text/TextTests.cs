using System.Text;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Preparation;
using OnnxKd.Core.Text;

namespace OnnxKd.Core.Tests.Text;

public class TextTests
{
    [Theory]
    [InlineData("temprature", "temperature")]
    [InlineData("Alpha", "alpha")]
    [InlineData("aplha", "alpha")]
    [InlineData("epoch", "epochs")]
    [InlineData("nonsense", null)]
    public void Nearest_Typo_IsRecognised(string word, string? expected) =>
        Assert.Equal(expected, Suggestions.Nearest(word, ["temperature", "alpha", "epochs", "seed"]));

    [Theory]
    [InlineData("kitten", "sitting", 3)]
    [InlineData("", "abc", 3)]
    [InlineData("ab", "ba", 1)]
    [InlineData("same", "same", 0)]
    public void Distance_KnownPairs_IsTheNumberOfEdits(string a, string b, int expected) =>
        Assert.Equal(expected, Suggestions.Distance(a, b));

    [Fact]
    public void CanonicalJson_Preprocessing_HasOneForm()
    {
        var text = CanonicalJson.Serialize(new Preprocessing { Scale = 1 / 255.0, Mean = [0.5], Std = [0.25, 1, 2] });

        Assert.Equal(
            """
            {
              "scale": 0.00392156862745098,
              "mean": [
                0.5
              ],
              "std": [
                0.25,
                1,
                2
              ],
              "channel_axis": 0
            }

            """,
            text);
        Assert.Equal(text, CanonicalJson.Serialize(CanonicalJson.Deserialize<Preprocessing>(Encoding.UTF8.GetBytes(text), "t")));
    }

    [Theory]
    [InlineData("""{"steps": [], "channel_axis": 0, "turn": 2}""")]
    [InlineData("""{"steps": [], "steps": []}""")]
    [InlineData("""{"channel_axis": 0}""")]
    [InlineData("""{"steps": [], "channel_axis": "1"}""")]
    [InlineData("""{"steps": [], "channel_axis": 1.5}""")]
    [InlineData("""{"steps": [{"step": "turn"}]}""")]
    [InlineData("""{"steps": [{"step": "shift"}]}""")]
    [InlineData("""{"steps": [{"pixels": 1}]}""")]
    [InlineData("null")]
    [InlineData("{")]
    public void CanonicalJson_WrongDocument_IsRefused(string text) =>
        Assert.Throws<CheckFailedException>(() => CanonicalJson.Deserialize<Augmentation>(Encoding.UTF8.GetBytes(text), "t.json"));

    [Fact]
    public void SealedJson_AnyBitFlipped_IsNotOpened()
    {
        var document = Encoding.UTF8.GetBytes(SealedJson.Serialize(new Sealed("ü", 1)));
        Assert.True(SealedJson.TryOpen(document, out var content));
        Assert.Equal(new("ü", 1), CanonicalJson.Deserialize<Sealed>(content, "t"));

        for (var bit = 0; bit < document.Length * 8; bit++)
        {
            var flipped = document.ToArray();
            flipped[bit / 8] ^= (byte)(1 << bit % 8);
            Assert.False(SealedJson.TryOpen(flipped, out _), $"bit {bit}");
        }
        Assert.All(Enumerable.Range(0, document.Length), length => Assert.False(SealedJson.TryOpen(document.AsSpan(0, length), out _)));
    }

    private sealed record Sealed(string Text, int Number);
}
