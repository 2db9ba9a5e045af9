using OnnxKd.Core.Progress;
using OnnxKd.Pipeline.Terminal;

namespace OnnxKd.Pipeline.Sweeps;

/// <summary>
/// How far a sweep is, in a line of its own above those of the settings that run: in epochs of training, which is what takes the time. Thread-safe.
/// </summary>
/// <param name="board">Where its line is.</param>
/// <param name="clock">The clock; default: the system's.</param>
internal sealed class SweepProgress(LineBoard board, TimeProvider? clock = null) : IDisposable
{
    /// <summary>What is counted while settings are trained.</summary>
    public const string Epochs = "epochs";

    private readonly BoardLine line = board.Open();
    private readonly Lock gate = new();
    private readonly TimeProvider time = clock ?? TimeProvider.System;
    private readonly Pace pace = new(clock ?? TimeProvider.System);
    private readonly TimeSpan interval = board.IsLive ? TimeSpan.FromMilliseconds(100) : TimeSpan.FromSeconds(5);
    private readonly List<SweepPiece> running = [];
    private (string Name, double Total, string Unit, int Settings) work = ("sweep", 0, Epochs, 0);
    private double finished;
    private int settings;
    private long shown;

    /// <summary>Begins a part of the sweep.</summary>
    /// <param name="name">What is done.</param>
    /// <param name="total">How much of it there is.</param>
    /// <param name="unit">Of what.</param>
    /// <param name="count">How many settings it is for.</param>
    public void Begin(string name, double total, string unit, int count)
    {
        lock (gate)
        {
            (work, finished, settings) = ((name, total, unit, count), 0, 0);
            pace.Restart();
        }
    }

    /// <summary>Begins another round of settings in the same part of the sweep.</summary>
    /// <param name="count">How many settings it is for.</param>
    /// <param name="left">How much there is left, where that is known better now.</param>
    public void NextRound(int count, double? left = null)
    {
        lock (gate)
            (settings, work) = (0, work with { Total = left is { } known ? finished + known : work.Total, Settings = count });
    }

    /// <summary>A setting begins, or goes on.</summary>
    /// <param name="setting">Its name.</param>
    /// <param name="own">How much of the whole it is.</param>
    /// <param name="hasLine">Whether it has a line of its own, because others run beside it.</param>
    public SweepPiece Start(string setting, SweepWork own, bool hasLine = false)
    {
        var piece = new SweepPiece(this, setting, own, hasLine ? board.Open(isNested: true) : null, clock);
        lock (gate)
            running.Add(piece);
        Show(isEnd: false);
        return piece;
    }

    /// <summary>Ends the line.</summary>
    public void Dispose() => line.Dispose();

    internal void End(SweepPiece piece)
    {
        lock (gate)
        {
            running.Remove(piece);
            finished += piece.Weight;
            settings++;
        }
        Show(isEnd: true);
    }

    internal void Show(bool isEnd)
    {
        lock (gate)
        {
            var done = Math.Min(work.Total, finished + running.Sum(piece => piece.Done));
            if (done > 0) // what comes before the first epoch, such as a capture, is done once
                pace.Mark(done);
            // Elsewhere than on a terminal a line says that a setting is done.
            if ((!isEnd && !board.IsLive) || (done < work.Total && time.GetElapsedTime(shown) < interval))
                return;
            shown = time.GetTimestamp();
            line.Show(ProgressText.Line(work.Name, new(work.Name, done, work.Total, work.Unit, $"{settings} of {work.Settings} settings done"), pace.Rate));
        }
    }
}

/// <summary>A setting of a sweep at work.</summary>
/// <param name="owner">The sweep.</param>
/// <param name="setting">Its name.</param>
/// <param name="work">How much of the sweep it is.</param>
/// <param name="line">A line of its own; <c>null</c>: none.</param>
/// <param name="clock">The clock; default: the system's.</param>
internal sealed class SweepPiece(SweepProgress owner, string setting, SweepWork work, BoardLine? line, TimeProvider? clock) : IDisposable
{
    private readonly Pace pace = new(clock ?? TimeProvider.System);
    private readonly Dictionary<string, double> epochs = [];
    private string stage = "";

    /// <summary>How much of the sweep it is.</summary>
    public double Weight => work.Left;

    /// <summary>How much of that is done.</summary>
    public double Done
    {
        get
        {
            lock (epochs)
                return Math.Clamp(epochs.Values.Sum() - work.Before, 0, work.Left);
        }
    }

    /// <summary>Takes note of the progress of one of its stages.</summary>
    /// <param name="name">The stage.</param>
    /// <param name="progress">How far it is.</param>
    public void Report(string name, StageProgress progress)
    {
        if (progress.Unit == SweepProgress.Epochs)
            lock (epochs)
                epochs[name] = progress.Done;
        if (stage != name)
            pace.Restart();
        stage = name;
        pace.Mark(progress.Done);
        line?.Show($"  {setting}: {ProgressText.Line(name, progress, pace.Rate)}");
        owner.Show(isEnd: false);
    }

    /// <summary>It is done, or as far as it goes for now.</summary>
    public void Dispose()
    {
        line?.Dispose();
        owner.End(this);
    }
}
