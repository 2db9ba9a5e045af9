using OnnxKd.StudentTrainer.Terms;

namespace OnnxKd.StudentTrainer.Tests.Terms;

public class WeightScheduleTests
{
    private static readonly WeightSchedule Ramp = new([(1, 0), (3, 1), (4, 0.5)]);

    [Theory]
    [InlineData(0, 0)]
    [InlineData(1, 0)]
    [InlineData(1.5, 0.25)]
    [InlineData(3, 1)]
    [InlineData(3.5, 0.75)]
    [InlineData(4, 0.5)]
    [InlineData(100, 0.5)]
    public void At_BetweenPoints_IsLinear(double epoch, double expected) => Assert.Equal(expected, Ramp.At(epoch), 12);
}
