using OnnxKd.StudentTrainer.Checkpoints;

namespace OnnxKd.StudentTrainer.Tests.Checkpoints;

public class CheckpointPaceTests
{
    private readonly Clock clock = new();

    [Fact]
    public void IsDue_AtFirst_IsTrue() => Assert.True(new CheckpointPace(clock).IsDue);

    [Theory]
    [InlineData(1, 99, false)]
    [InlineData(1, 100, true)]
    [InlineData(0.05, 4.9, false)]
    [InlineData(0.05, 5.1, true)]
    public void IsDue_AfterASave_IsTrueOnceItWasAHundredthOfTheTime(double cost, double since, bool expected)
    {
        var pace = Saved(cost);
        clock.Pass(since);
        Assert.Equal(expected, pace.IsDue);
    }

    /// <summary>A disk that has become faster is not held against the next save.</summary>
    [Fact]
    public void IsDue_AfterAFasterSave_GoesByThat()
    {
        var pace = Saved(cost: 10);
        pace.Save(() => clock.Pass(1));
        clock.Pass(100);
        Assert.True(pace.IsDue);
    }

    private CheckpointPace Saved(double cost)
    {
        var pace = new CheckpointPace(clock);
        pace.Save(() => clock.Pass(cost));
        return pace;
    }

    private sealed class Clock : TimeProvider
    {
        private long now = 12345;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => now;

        public void Pass(double seconds) => now += (long)(seconds * TimestampFrequency);
    }
}
