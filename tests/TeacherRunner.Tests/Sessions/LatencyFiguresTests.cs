using OnnxKd.TeacherRunner.Sessions;

namespace OnnxKd.TeacherRunner.Tests.Sessions;

public class LatencyFiguresTests
{
    /// <summary>numpy.percentile([1, 2, 4, 8, 16], [50, 95, 99]) gives 4, 14.4 and 15.68.</summary>
    [Fact]
    public void Of_SortedTimes_EqualsNumPy()
    {
        var figures = LatencyFigures.Of([1, 2, 4, 8, 16]);

        Assert.Equal(new LatencyFigures(5, 4, 14.4, 15.68, 6.2), Round(figures));
    }

    [Fact]
    public void Of_OneTime_IsThatTime() => Assert.Equal(new LatencyFigures(1, 3, 3, 3, 3), LatencyFigures.Of([3]));

    [Fact]
    public void Measure_QuickRuns_WarmsUpAndRepeats()
    {
        var runs = 0;

        var times = RunTimes.Measure(_ => runs++, warmUp: 4, repeats: 7, TimeSpan.FromMinutes(1), CancellationToken.None);

        Assert.Equal((11, 7), (runs, times.Length));
        Assert.Equal(times.Order(), times);
    }

    [Fact]
    public void Measure_SlowRuns_EndsAfterThree()
    {
        var runs = 0;

        var times = RunTimes.Measure(_ => { runs++; Thread.Sleep(2); }, warmUp: 20, repeats: 200, TimeSpan.FromMilliseconds(1), CancellationToken.None);

        Assert.Equal((3, 3), (runs, times.Length));
    }

    private static LatencyFigures Round(LatencyFigures figures) => new(
        figures.Runs, Math.Round(figures.MsP50, 9), Math.Round(figures.MsP95, 9), Math.Round(figures.MsP99, 9), Math.Round(figures.MsMean, 9));
}
