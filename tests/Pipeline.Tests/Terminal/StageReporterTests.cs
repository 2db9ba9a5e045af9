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
    public void Report_Terminal_HasOneLineForEachStage()
    {
        var reporter = new StageReporter(output, live: true);
        reporter.Started("cache", "cache-1");
        reporter.Report(new("capture", 10, 10, "samples"));
        reporter.Finished("cache", 2);

        var line = Assert.Single(output.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Assert.Equal(["", "cache: started (cache-1)", "cache [########################] 100 % 10/10 samples", "", "cache: done in 2.0 s"], line.Split('\r').Select(part => part.TrimEnd()));
    }

    [Fact]
    public void Report_LineLongerThanTheTerminal_DoesNotWrap()
    {
        var reporter = new StageReporter(output, live: true, columns: () => 20);
        reporter.Started("cache", "cache-1");
        reporter.Report(new("capture", 10, 10, "samples", new string('x', 100)));

        Assert.All(output.ToString().Split('\r'), line => Assert.True(line.TrimEnd().Length < 20, line));
    }

    [Fact]
    public void Broken_Terminal_LeavesTheLineAndBeginsAnother()
    {
        var reporter = new StageReporter(output, live: true);
        reporter.Started("cache", "cache-1");
        reporter.Broken();

        Assert.EndsWith("cache: started (cache-1)\n", output.ToString());
    }

    [Fact]
    public void Report_SlowBeginning_TimeLeftIsRightAfterATenth()
    {
        // 20 s until the first sample, five times as long for each of the first twenty, then 1 a second.
        var clock = new FakeClock();
        var reporter = new StageReporter(output, live: false, clock);
        reporter.Started("cache", "cache-1");
        clock.Advance(20);
        for (var i = 1; i <= 100; i++)
        {
            clock.Advance(i <= 20 ? 5 : 1);
            reporter.Report(new("capture", i, 1000, "samples"));
        }

        Assert.InRange(SecondsLeft(output.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries)[^1]), 0.8 * 900, 1.2 * 900);
    }

    [Fact]
    public void Report_ConstantSpeed_TimeLeftIsRightAfterATenth()
    {
        var clock = new FakeClock();
        var reporter = new StageReporter(output, live: false, clock);
        reporter.Started("cache", "cache-1");
        for (var i = 1; i <= 100; i++)
        {
            clock.Advance(0.7);
            reporter.Report(new("capture", i, 1000, "samples"));
        }

        Assert.InRange(SecondsLeft(output.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries)[^1]), 0.8 * 630, 1.2 * 630);
    }

    [Fact]
    public void Report_PhasesOfEpochs_TimeLeftIsRightAfterATenth()
    {
        // An epoch: 9 s of steps, told of each 1.5 s, and 3 s of evaluation.
        var clock = new FakeClock();
        var reporter = new StageReporter(output, live: false, clock);
        reporter.Started("train", "train-1");
        for (var epoch = 0; epoch < 3; epoch++)
            for (var part = 1; part <= 6; part++)
            {
                clock.Advance(part == 6 ? 4.5 : 1.5);
                reporter.Report(new("train", epoch + part / 6.0, 30, "epochs"));
            }

        var shown = output.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries)[^1];
        Assert.InRange(SecondsLeft(shown), 0.8 * 27 * 12, 1.2 * 27 * 12);
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
    public void Report_Resumed_CountsTheRateOfThisProcessAlone()
    {
        var clock = new FakeClock();
        var reporter = new StageReporter(output, live: false, clock);
        reporter.Started("cache", "cache-1");
        reporter.Report(new("capture", 500, 1000, "samples"));
        clock.Advance(10);
        reporter.Report(new("capture", 600, 1000, "samples", "on cpu"));

        // 600 of 1,000 are done, 100 of them here in 10 s: 10 a second, 40 s for the other 400.
        Assert.EndsWith("cache [##############..........] 60 % 600/1,000 samples, 10 samples/s, 40.0 s left, on cpu\n", output.ToString());
    }

    [Theory]
    [InlineData(4.24, "4.2 s")]
    [InlineData(200, "3 min 20 s")]
    [InlineData(7500, "2 h 5 min")]
    [InlineData(1e300, "277777 h 46 min")]
    public void Duration_Seconds_AreReadable(double seconds, string expected) => Assert.Equal(expected, ProgressText.Duration(seconds));

    internal static double SecondsLeft(string line)
    {
        var words = line.Split(", ").Single(part => part.EndsWith(" left", StringComparison.Ordinal)).Split(' ');
        return words.Zip(words.Skip(1)).Sum(pair => pair.Second switch
        {
            "min" => 60 * double.Parse(pair.First, System.Globalization.CultureInfo.InvariantCulture),
            "s" => double.Parse(pair.First, System.Globalization.CultureInfo.InvariantCulture),
            _ => 0,
        });
    }
}
