using System.Text;
using OnnxKd.Core.Metrics;

namespace OnnxKd.Core.Tests.Metrics;

public class EditDistanceTests
{
    [Theory]
    [InlineData("", "", 0)]
    [InlineData("", "abc", 3)]
    [InlineData("abc", "", 3)]
    [InlineData("same", "same", 0)]
    [InlineData("kitten", "sitting", 3)] // k→s, e→i, +g
    [InlineData("Saturday", "Sunday", 3)] // −a, −t, r→n
    [InlineData("ab", "ba", 2)] // exchanging neighbours is not one edit
    [InlineData("don't", "dont", 1)]
    [InlineData("a b", "ab", 1)]
    [InlineData("A", "a", 1)]
    [InlineData("😀a", "😁a", 1)] // one scalar value, two UTF-16 code units
    [InlineData("😀", "", 1)]
    [InlineData("é", "e\u0301", 2)] // composed and decomposed: nothing is normalised
    public void Between_PairsWorkedByHand_HasTheFewestEdits(string first, string second, int edits) =>
        Assert.Equal(edits, EditDistance.Between(first, second));

    [Fact]
    public void Between_RandomTexts_EqualsTheRecursiveDefinition()
    {
        var random = new Random(1);
        for (var i = 0; i < 300; i++)
        {
            var (first, second) = (Text(random), Text(random));
            Assert.Equal(Recursive(first, second), EditDistance.Between(first, second));
        }
    }

    private static string Text(Random random)
    {
        var text = new StringBuilder();
        for (var length = random.Next(7); length > 0; length--)
            text.Append(random.Next(3) switch { 0 => "a", 1 => "b", _ => "😀" });
        return text.ToString();
    }

    /// <summary>Levenshtein's definition, word for word; exponential.</summary>
    private static int Recursive(string first, string second)
    {
        return Tail([.. first.EnumerateRunes()], [.. second.EnumerateRunes()]);

        static int Tail(Rune[] a, Rune[] b) => (a, b) switch
        {
            ([], _) => b.Length,
            (_, []) => a.Length,
            _ when a[0] == b[0] => Tail(a[1..], b[1..]),
            _ => 1 + Math.Min(Tail(a[1..], b), Math.Min(Tail(a, b[1..]), Tail(a[1..], b[1..]))),
        };
    }
}
