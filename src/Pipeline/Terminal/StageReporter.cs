using OnnxKd.Core.Progress;
using OnnxKd.TeacherRunner.Capture;

namespace OnnxKd.Pipeline.Terminal;

/// <summary>
/// Tells the user on stderr what each stage does: on a terminal one line for each, which is written over until it is done, plain lines elsewhere.
/// Thread-safe.
/// </summary>
/// <param name="output">Where it is written.</param>
/// <param name="live">Whether a line can be overwritten.</param>
/// <param name="clock">The clock; default: the system's.</param>
/// <param name="columns">How wide the terminal is; default: what it says.</param>
internal sealed class StageReporter(TextWriter output, bool live, TimeProvider? clock = null, Func<int>? columns = null) : IProgress<StageProgress>
{
    private readonly TextWriter raw = TerminalWriter.Raw(output);
    private readonly Lock gate = new();
    private readonly TimeProvider time = clock ?? TimeProvider.System;
    private readonly Pace pace = new(clock ?? TimeProvider.System);
    private readonly TimeSpan interval = live ? TimeSpan.FromMilliseconds(100) : TimeSpan.FromSeconds(5);
    private readonly HashSet<string> noted = [];
    private string stage = "";
    private long shown;
    private int liveLength;

    /// <summary>A stage was finished before.</summary>
    public void Reused(string name, string folder) => Note($"{name}: reused ({Path.GetFileName(folder)})");

    /// <summary>A stage begins, or goes on; the progress that follows is its.</summary>
    public void Started(string name, string folder)
    {
        lock (gate)
        {
            Show($"{name}: started ({Path.GetFileName(folder)})");
            stage = name;
            pace.Restart();
            shown = time.GetTimestamp();
        }
    }

    /// <summary>A stage is done.</summary>
    public void Finished(string name, double seconds) => Note($"{name}: done in {ProgressText.Duration(seconds)}");

    /// <summary>A stage ends without being done; what is written next begins a line of its own.</summary>
    public void Broken()
    {
        lock (gate)
        {
            if (liveLength > 0)
                output.WriteLine();
            liveLength = 0;
        }
    }

    /// <summary>A capture is about to start.</summary>
    public void Estimated(CaptureEstimate estimate)
    {
        foreach (var reading in EstimateText.Readings(estimate))
            NoteOnce(reading);
        Note(EstimateText.Line(estimate));
    }

    /// <summary>Something worth a line.</summary>
    public void Note(string text)
    {
        lock (gate)
        {
            if (liveLength > 0)
                raw.Write($"\r{new string(' ', liveLength)}\r");
            liveLength = 0;
            output.WriteLine(text);
            output.Flush();
        }
    }

    /// <summary>Something worth a line, but not a second one.</summary>
    public void NoteOnce(string text)
    {
        if (noted.Add(text))
            Note(text);
    }

    /// <inheritdoc/>
    public void Report(StageProgress value)
    {
        lock (gate)
        {
            pace.Mark(value.Done);
            if (value.Done < value.Total && time.GetElapsedTime(shown) < interval)
                return;
            shown = time.GetTimestamp();
            Show(ProgressText.Line(stage, value, pace.Rate));
        }
    }

    private void Show(string line)
    {
        if (live)
        {
            line = Fit(line);
            raw.Write('\r');
            output.Write(line.PadRight(liveLength));
            liveLength = line.Length;
        }
        else
        {
            output.WriteLine(line);
        }
        output.Flush();
    }

    /// <summary>A line that wrapped could not be written over.</summary>
    private string Fit(string line)
    {
        var width = columns?.Invoke() ?? TerminalColumns();
        return width > 1 && line.Length >= width ? line[..(width - 1)] : line;
    }

    private static int TerminalColumns()
    {
        try
        {
            return Console.WindowWidth;
        }
        catch (Exception error) when (error is IOException or PlatformNotSupportedException)
        {
            return 0; // it does not say
        }
    }
}
