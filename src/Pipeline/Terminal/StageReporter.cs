using OnnxKd.Core.Progress;
using OnnxKd.TeacherRunner.Capture;

namespace OnnxKd.Pipeline.Terminal;

/// <summary>
/// Tells the user on stderr what each stage does: on a terminal one line for each, which is written over until it is done, plain lines elsewhere.
/// Thread-safe.
/// </summary>
/// <param name="board">Where its line is.</param>
/// <param name="clock">The clock; default: the system's.</param>
internal sealed class StageReporter(LineBoard board, TimeProvider? clock = null) : IProgress<StageProgress>
{
    private readonly BoardLine line = board.Open();
    private readonly Lock gate = new();
    private readonly TimeProvider time = clock ?? TimeProvider.System;
    private readonly Pace pace = new(clock ?? TimeProvider.System);
    private readonly TimeSpan interval = board.IsLive ? TimeSpan.FromMilliseconds(100) : TimeSpan.FromSeconds(5);
    private readonly HashSet<string> noted = [];
    private string stage = "";
    private long shown;

    /// <summary>A reporter with a line of its own.</summary>
    /// <param name="output">Where it is written.</param>
    /// <param name="live">Whether a line can be overwritten.</param>
    /// <param name="clock">The clock; default: the system's.</param>
    /// <param name="columns">How wide the terminal is; default: what it says.</param>
    public StageReporter(TextWriter output, bool live, TimeProvider? clock = null, Func<int>? columns = null)
        : this(new LineBoard(output, live, columns), clock)
    {
    }

    /// <summary>Who else is told of the progress of each stage, given its name; every time, not only when it is shown.</summary>
    public Action<string, StageProgress>? Follow { get; set; }

    /// <summary>Who else is told of warnings.</summary>
    public Action<string>? Warned { get; init; }

    /// <summary>A stage was finished before.</summary>
    public void Reused(string name, string folder) => Note($"{name}: reused ({Path.GetFileName(folder)})");

    /// <summary>A stage begins, or goes on; the progress that follows is its.</summary>
    public void Started(string name, string folder)
    {
        lock (gate)
        {
            line.Show($"{name}: started ({Path.GetFileName(folder)})");
            stage = name;
            pace.Restart();
            shown = time.GetTimestamp();
        }
    }

    /// <summary>A stage is done.</summary>
    public void Finished(string name, double seconds) => Note($"{name}: done in {ProgressText.Duration(seconds)}");

    /// <summary>A stage ends without being done; what is written next begins a line of its own.</summary>
    public void Broken() => board.Leave();

    /// <summary>A capture is about to start.</summary>
    public void Estimated(CaptureEstimate estimate)
    {
        foreach (var reading in EstimateText.Readings(estimate))
            NoteOnce(reading);
        Note(EstimateText.Line(estimate));
    }

    /// <summary>Something worth a line.</summary>
    public void Note(string text) => board.Note(text, instead: line);

    /// <summary>Something that does not work as it was wished, and is no reason to stop.</summary>
    public void Warn(string text)
    {
        NoteOnce(text);
        Warned?.Invoke(text);
    }

    /// <summary>Something worth a line, but not a second one.</summary>
    public void NoteOnce(string text)
    {
        lock (gate)
            if (!noted.Add(text))
                return;
        Note(text);
    }

    /// <inheritdoc/>
    public void Report(StageProgress value)
    {
        lock (gate)
        {
            Follow?.Invoke(stage, value);
            pace.Mark(value.Done);
            if (value.Done < value.Total && time.GetElapsedTime(shown) < interval)
                return;
            shown = time.GetTimestamp();
            line.Show(ProgressText.Line(stage, value, pace.Rate));
        }
    }
}
