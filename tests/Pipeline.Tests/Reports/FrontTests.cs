using OnnxKd.Pipeline.Reports;

namespace OnnxKd.Pipeline.Tests.Reports;

public class FrontTests
{
    private sealed record Item(double Wrong, double Size);

    [Fact]
    public void FindBetter_WorseInBoth_IsWhatBeatsIt()
    {
        var (small, good, beaten) = (new Item(0.2, 1), new Item(0.1, 5), new Item(0.2, 6));

        Assert.Equal([null, null, small], new[] { small, good, beaten }.Select(item => Find(item, small, good, beaten)));
    }

    [Fact]
    public void FindBetter_EqualInAll_BothAreOnTheFront()
    {
        var (one, other) = (new Item(0.1, 1), new Item(0.1, 1));

        Assert.All([one, other], item => Assert.Null(Find(item, one, other)));
    }

    [Theory]
    [InlineData(1.05, false)]
    [InlineData(1.2, true)]
    public void FindBetter_DifferenceWithinTheNoise_IsNone(double size, bool isBeaten)
    {
        var (one, other) = (new Item(0.1, 1), new Item(0.1, size));

        Assert.Equal(isBeaten ? one : null, Find(0.1, other, one, other));
        Assert.Null(Find(0.1, one, one, other));
    }

    private static Item? Find(Item item, params Item[] all) => Find(0, item, all);

    private static Item? Find(double noise, Item item, params Item[] all) => Front.FindBetter(item, all, new(each => each.Wrong), new(each => each.Size, noise));
}
