using System.Diagnostics;
using OnnxKd.Core.Progress;
using OnnxKd.TeacherRunner.Capture;

namespace OnnxKd.Pipeline.Terminal;

/// <summary>Tells the user on stderr what each stage does: a live line on a terminal, plain lines elsewhere. Thread-safe.</summary>
/// <param name="output">Where it is written.</param>
/// <param name="live">Whether a line can be overwritten.</param>
internal sealed class StageReporter(TextWriter output, bool live) : IProgress<StageProgress>
{
    private readonly TextWriter raw = TerminalWriter.Raw(output);
    private readonly Lock gate = new();
    private readonly TimeSpan interval = live ? TimeSpan.FromMilliseconds(100) : TimeSpan.FromSeconds(5);
    private readonly HashSet<string> noted = [];
    private string stage = "";
    private long start;
    private long shown;
    private double? firstDone;
    private int liveLength;

    /// <summary>A stage was finished before.</summary>
    public void Reused(string name, string folder) => Note($"{name}: reused ({Path.GetFileName(folder)})");

    /// <summary>A stage begins, or goes on; the progress that follows is its.</summary>
    public void Started(string name, string folder)
    {
        lock (gate)
        {
            Note($"{name}: started ({Path.GetFileName(folder)})");
            (stage, firstDone) = (name, null);
            start = shown = Stopwatch.GetTimestamp();
        }
    }

    /// <summary>A stage is done.</summary>
    public void Finished(string name, double seconds) => Note($"{name}: done in {ProgressText.Duration(seconds)}");

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
            firstDone ??= value.Done;
            if (value.Done < value.Total && Stopwatch.GetElapsedTime(shown) < interval)
                return;
            shown = Stopwatch.GetTimestamp();
            Show(ProgressText.Line(stage, value, value.Done - firstDone.Value, Stopwatch.GetElapsedTime(start).TotalSeconds));
        }
    }

    private void Show(string line)
    {
        if (live)
        {
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
}
