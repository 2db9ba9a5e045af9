using OnnxKd.Core.Metrics;

namespace OnnxKd.Core.Tests.Metrics;

public class OverlapMeterTests
{
    [Fact]
    public void Result_OfPositions_IsTheMeanOverClassesThatOccur()
    {
        var meter = new OverlapMeter(4);

        // Said: 0 0 1 1 2, known: 0 1 1 1 0 (and one that is not known). Class 0: 1 of 3; 1: 2 of 3; 2: 0 of 1; 3 occurs nowhere.
        meter.Add(Scores(0, 0, 1), [0, 1, 1]);
        meter.Add(Scores(1, 2, 3), [1, 0, -1]);

        Assert.Equal((1 / 3.0 + 2 / 3.0 + 0) / 3, meter.Result()!.Value, 12);
    }

    [Fact]
    public void Result_WithoutPositions_IsNone() => Assert.Null(new OverlapMeter(2).Result());

    private static float[] Scores(params int[] tops) => [.. tops.SelectMany(top => Enumerable.Range(0, 4).Select(c => c == top ? 1f : 0))];
}
