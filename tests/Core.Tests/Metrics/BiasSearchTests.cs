using OnnxKd.Core.Metrics;

namespace OnnxKd.Core.Tests.Metrics;

public class BiasSearchTests
{
    /// <summary>Class 1 is right where its score is 1 and 3 too low, and wrong where it is 5 too low: from 3 on until 5 all are right.</summary>
    [Fact]
    public void Find_OneClass_TakesTheMiddleOfTheBestRange()
    {
        var found = BiasSearch.Find([2, 1, 4, 1, 5, 0], [1, 1, 0], [1], each: false);

        Assert.Equal((2, 0), (found.ErrorsBefore, found.ErrorsAfter));
        Assert.Equal([4], found.Offsets);
    }

    [Fact]
    public void Find_WhereNothingIsBetterThanNothing_GivesZero()
    {
        var found = BiasSearch.Find([2, 1, 0, 1], [0, 1], [1], each: false);

        Assert.Equal([0], found.Offsets);
        Assert.Equal((0, 0), (found.ErrorsBefore, found.ErrorsAfter));
    }

    /// <summary>Lowered out of the way altogether: beyond the last gap nothing more changes.</summary>
    [Fact]
    public void Find_ClassThatIsNeverRight_GoesBeyondTheLastGap()
    {
        var found = BiasSearch.Find([2, 5, 1, 7], [0, 0], [1], each: false);

        Assert.Equal([-7], found.Offsets); // gaps of −3 and −6, and 1 beyond
        Assert.Equal(0, found.ErrorsAfter);
    }

    [Theory]
    [InlineData(1, 3)]
    [InlineData(2, 7, 8)]
    [InlineData(3, 0, 4, 5)]
    public void Find_OneOffset_IsAsGoodAsTryingAll(int seed, params int[] named)
    {
        var (logits, labels) = Random(seed, samples: 200, classes: 10, lowered: named);

        var found = BiasSearch.Find(logits, labels, named, each: false);

        var tried = Enumerable.Range(-2000, 4001).Select(i => Errors(logits, labels, named, i * 0.005f)).Min();
        Assert.True(found.ErrorsAfter <= tried, $"{found.ErrorsAfter} errors, and {tried} by trying");
        Assert.Equal(found.ErrorsAfter, Errors(logits, labels, named, found.Offsets[0]));
        Assert.Equal(found.ErrorsBefore, Errors(logits, labels, named, 0));
        Assert.InRange(found.ErrorsAfter, 0, found.ErrorsBefore - 1);
        Assert.All(found.Offsets, offset => Assert.Equal(found.Offsets[0], offset));
    }

    [Fact]
    public void Find_AnOffsetForEach_IsNoWorseThanOneForAll()
    {
        var (logits, labels) = Random(4, samples: 300, classes: 6, lowered: [1]);
        for (var i = 0; i < labels.Length; i++)
            logits[6 * i + 2] += 2;

        var (each, one) = (BiasSearch.Find(logits, labels, [1, 2], each: true), BiasSearch.Find(logits, labels, [1, 2], each: false));

        Assert.InRange(each.ErrorsAfter, 0, one.ErrorsAfter - 1);
        Assert.True(each.Offsets[0] > 0 && each.Offsets[1] < 0, $"{each}");
        for (var i = 0; i < labels.Length; i++)
            (logits[6 * i + 1], logits[6 * i + 2]) = (logits[6 * i + 1] + each.Offsets[0], logits[6 * i + 2] + each.Offsets[1]);
        Assert.Equal(each.ErrorsAfter, Errors(logits, labels, [], 0));
    }

    /// <summary>Scores that favour the label, but for some classes that are too low.</summary>
    private static (float[] Logits, int[] Labels) Random(int seed, int samples, int classes, int[] lowered)
    {
        var random = new Random(seed);
        var labels = Enumerable.Range(0, samples).Select(i => i % classes).ToArray();
        var logits = Enumerable.Range(0, samples * classes).Select(i =>
            4 * random.NextSingle() + (i % classes == labels[i / classes] ? 2 : 0) - (lowered.Contains(i % classes) ? 3 : 0)).ToArray();
        return (logits, labels);
    }

    private static int Errors(float[] logits, int[] labels, int[] named, float offset)
    {
        var classes = logits.Length / labels.Length;
        return Enumerable.Range(0, labels.Length).Count(i =>
            Enumerable.Range(0, classes).MaxBy(c => logits[i * classes + c] + (named.Contains(c) ? offset : 0)) != labels[i]);
    }
}
