using OnnxKd.Core.Progress;
using OnnxKd.Pipeline.Terminal;

namespace OnnxKd.Pipeline.Tests.Terminal;

public class StageReporterTests
{
    private readonly StringWriter output = new() { NewLine = "\n" };

    [Fact]
    public void Report_NoTerminal_WritesNoLinePerStep()
    {
        var reporter = new StageReporter(output, live: false);
        reporter.Started("cache", "runs/x/cache-1");
        for (var i = 1; i <= 1000; i++)
            reporter.Report(new("capture", i, 1000, "samples"));
        reporter.Finished("cache", 2);

        var lines = output.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal("cache: started (cache-1)", lines[0]);
        Assert.StartsWith("cache [########################] 100 % 1,000/1,000 samples", lines[^2]);
        Assert.Equal("cache: done in 2.0 s", lines[^1]);
        Assert.DoesNotContain('\r', output.ToString());
    }

    [Fact]
    public void Report_Terminal_OverwritesItsLine()
    {
        var reporter = new StageReporter(output, live: true);
        reporter.Started("cache", "cache-1");
        reporter.Report(new("capture", 10, 10, "samples"));
        reporter.Note("done");

        var line = output.ToString().Split('\n')[1];
        Assert.StartsWith("\rcache [", line);
        Assert.EndsWith("\rdone", line);
    }

    [Fact]
    public void NoteOnce_Twice_IsWrittenOnce()
    {
        var reporter = new StageReporter(output, live: false);
        reporter.NoteOnce("same");
        reporter.NoteOnce("same");

        Assert.Equal("same\n", output.ToString());
    }

    [Fact]
    public void Line_Resumed_CountsTheRateOfThisProcessAlone()
    {
        // 600 of 1,000 are done, 100 of them here in 10 s: 10 a second, 40 s for the other 400.
        var line = ProgressText.Line("cache", new("capture", 600, 1000, "samples", "on cpu"), doneHere: 100, seconds: 10);

        Assert.Equal("cache [##############..........] 60 % 600/1,000 samples, 10 samples/s, 40.0 s left, on cpu", line);
    }

    [Theory]
    [InlineData(4.24, "4.2 s")]
    [InlineData(200, "3 min 20 s")]
    [InlineData(7500, "2 h 5 min")]
    [InlineData(1e300, "277777 h 46 min")]
    public void Duration_Seconds_AreReadable(double seconds, string expected) => Assert.Equal(expected, ProgressText.Duration(seconds));
}
