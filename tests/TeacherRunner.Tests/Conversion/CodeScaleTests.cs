using OnnxKd.TeacherRunner.Conversion;

namespace OnnxKd.TeacherRunner.Tests.Conversion;

public class CodeScaleTests
{
    [Fact]
    public void Of_EvenValues_CoversTheirRangeAndGivesZeroACode()
    {
        float[] values = [.. Enumerable.Range(0, 3001).Select(i => -1 + i / 1000f)];

        var scale = CodeScale.Of(values, -1, 2);

        Assert.Equal((3 / 255f, 85), (scale.Scale, scale.Zero));
        Assert.Equal(0, scale.Rounded(0));
        Assert.All(values, value => Assert.InRange(Math.Abs(scale.Rounded(value) - value), 0, scale.Scale * 0.501f));
    }

    [Fact]
    public void Of_ValuesAboveZero_StartsAtZero() => Assert.Equal((2 / 255f, 0), (CodeScale.Of([1, 2], 1, 2) is var scale ? scale.Scale : 0, scale.Zero));

    /// <summary>One value in fifty thousand is twice as far out as all others: its error costs less than steps of twice the width.</summary>
    [Fact]
    public void Of_AValueFarOut_IsCutOff()
    {
        float[] values = [.. Enumerable.Range(0, 50_000).Select(i => i / 50_000f), 1.1f];

        var scale = CodeScale.Of(values, 0, 2);

        Assert.InRange(scale.Scale, 1 / 255f, 1.2f / 255);
        Assert.Equal(255 * scale.Scale, scale.Rounded(2));
    }

    [Fact]
    public void Of_NothingButZeros_IsAStepOfOne() => Assert.Equal((1f, 0), (CodeScale.Of([0, 0], 0, 0).Scale, CodeScale.Of([0, 0], 0, 0).Zero));
}
