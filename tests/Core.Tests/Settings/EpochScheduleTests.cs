using OnnxKd.Core.Settings;

namespace OnnxKd.Core.Tests.Settings;

public class EpochScheduleTests
{
    private static readonly EpochSchedule Ramp = new([(1, 0), (3, 1), (4, 0.5)]);

    [Theory]
    [InlineData(0, 0)]
    [InlineData(1, 0)]
    [InlineData(1.5, 0.25)]
    [InlineData(3, 1)]
    [InlineData(3.5, 0.75)]
    [InlineData(4, 0.5)]
    [InlineData(100, 0.5)]
    public void At_BetweenPoints_IsLinear(double epoch, double expected) => Assert.Equal(expected, Ramp.At(epoch), 12);

    [Fact]
    public void Constant_OfOnePointAtTheStart_IsItsValue() =>
        Assert.Equal((2.5, null, null), (((EpochSchedule)2.5).Constant, Ramp.Constant, new EpochSchedule([(3, 1)]).Constant));

    [Fact]
    public void Equals_SamePointsInOtherLists_IsTrue()
    {
        var same = new EpochSchedule(new List<(double, double)> { (1, 0), (3, 1), (4, 0.5) });

        Assert.Equal((Ramp, Ramp.GetHashCode()), (same, same.GetHashCode()));
        Assert.NotEqual(Ramp, new EpochSchedule([(1, 0), (3, 1)]));
        Assert.Equal(2, (EpochSchedule)2);
    }
}
