using OnnxKd.Core.Metrics;

namespace OnnxKd.Core.Tests.Metrics;

public class TextMeterTests
{
    [Fact]
    public void Result_LinesWorkedByHand_WeighsCharactersAlike()
    {
        var meter = new TextMeter();
        meter.Add("hello", "hello");
        meter.Add("", "ab"); // 2 edits of 2 characters
        meter.Add("x😀", "😀"); // 1 edit of 1 scalar value

        var result = meter.Result();

        Assert.Equal(new(Lines: 3, Characters: 8, Edits: 3, Exact: 1), result);
        Assert.Equal(3 / 8.0, result.CharacterErrorRate, 15);
        Assert.Equal(1 / 3.0, result.ExactShare, 15);
    }

    [Fact]
    public void Result_Nothing_Throws() => Assert.Throws<InvalidOperationException>(() => new TextMeter().Result());
}
