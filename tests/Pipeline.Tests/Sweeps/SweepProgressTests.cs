using OnnxKd.Pipeline.Sweeps;
using OnnxKd.Pipeline.Terminal;
using OnnxKd.Pipeline.Tests.Terminal;

namespace OnnxKd.Pipeline.Tests.Sweeps;

public class SweepProgressTests
{
    private const int Settings = 16;
    private const int Epochs = 30;

    private readonly FakeClock clock = new();
    private readonly StringWriter output = new() { NewLine = "\n" };

    /// <summary>16 settings of 30 epochs of a second, each with 6 s of measuring behind it.</summary>
    [Fact]
    public void TimeLeft_ConstantSpeed_IsRightAfterATenth()
    {
        var shown = OneAfterTheOther(shared: 0, slowEpochs: 0);

        const double left = 0.9 * Settings * (Epochs + 6);
        Assert.InRange(shown, 0.8 * left, 1.2 * left);
    }

    /// <summary>The same behind a capture of a minute, with five epochs that take three times as long.</summary>
    [Fact]
    public void TimeLeft_SlowBeginning_IsRightAfterATenth()
    {
        var shown = OneAfterTheOther(shared: 60, slowEpochs: 5);

        const double left = 0.9 * Settings * (Epochs + 6);
        Assert.InRange(shown, 0.8 * left, 1.2 * left);
    }

    /// <summary>Four at a time, each with two seconds until it begins.</summary>
    [Fact]
    public void TimeLeft_FourSideBySide_IsRightAfterATenth()
    {
        var progress = Begin();
        var running = new Queue<(SweepPiece Piece, double Start)>();
        var (now, begun, seconds) = (0.0, 0, Settings * (2 + Epochs) / 4.0);
        while (now < 0.1 * seconds)
        {
            while (running.Count < 4 && begun < Settings)
                running.Enqueue((progress.Start($"setting {++begun}", new(Epochs, 0, 0), hasLine: true), now));
            clock.Advance(0.5);
            now += 0.5;
            foreach (var (piece, start) in running.Where(one => now - one.Start > 2))
                piece.Report("train student", new("train", now - start - 2, Epochs, "epochs"));
        }

        Assert.InRange(Shown(), 0.8 * (seconds - now), 1.2 * (seconds - now));
        Assert.Equal(5, Screen.Of(output.ToString()).Length);
        Assert.DoesNotMatch(@"\u001b\[[\d;]*m", output.ToString()); // no colours
    }

    [Fact]
    public void Done_WithHalving_CountsEachEpochOnce()
    {
        var progress = Begin();
        using (var first = progress.Start("a", new(10, 0, 0)))
            first.Report("train student", new("train", 10, Epochs, "epochs"));
        using var again = progress.Start("a", new(Epochs, 0, 10));
        again.Report("train student", new("train", 12, Epochs, "epochs"));
        clock.Advance(1);
        again.Report("train student", new("train", 15, Epochs, "epochs"));

        Assert.Equal(15, again.Done + 10);
        Assert.Contains(" 15/480 epochs", Screen.Of(output.ToString())[0]);
    }

    private SweepProgress Begin()
    {
        var progress = new SweepProgress(new LineBoard(output, live: true, columns: () => 120, rows: () => 40, nests: true), clock);
        progress.Begin("sweep", Settings * Epochs, SweepProgress.Epochs, Settings);
        return progress;
    }

    /// <summary>The seconds that are shown once a tenth of the epochs is done.</summary>
    private double OneAfterTheOther(double shared, int slowEpochs)
    {
        var progress = Begin();
        var done = 0;
        for (var setting = 0; ; setting++)
        {
            using var piece = progress.Start($"setting {setting}", new(Epochs, 0, 0));
            if (setting == 0)
                clock.Advance(shared);
            for (var epoch = 1; epoch <= Epochs; epoch++)
            {
                clock.Advance(setting == 0 && epoch <= slowEpochs ? 3 : 1);
                piece.Report("train student", new("train", epoch, Epochs, "epochs"));
                if (++done == Settings * Epochs / 10)
                    return Shown();
            }
            clock.Advance(6);
        }
    }

    private double Shown() => StageReporterTests.SecondsLeft(Screen.Of(output.ToString())[0]);
}
