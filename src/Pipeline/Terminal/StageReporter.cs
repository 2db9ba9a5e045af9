using System.Diagnostics;
using OnnxKd.Core.Progress;

namespace OnnxKd.Pipeline.Terminal;

/// <summary>Tells the user on stderr what each stage does: a live line on a terminal, plain lines now and then elsewhere.</summary>
/// <param name="output">Where it is written.</param>
/// <param name="live">Whether a line can be overwritten.</param>
internal sealed class StageReporter(TextWriter output, bool live)
{
    private readonly Lock gate = new();
    private ProgressLine? current;

    /// <summary>A stage was finished before.</summary>
    public void Reused(string stage, string folder) => Note($"{stage}: reused ({Path.GetFileName(folder)})");

    /// <summary>A stage begins, or goes on.</summary>
    /// <returns>Takes the stage's progress; may be called from any thread.</returns>
    public IProgress<StageProgress> Started(string stage, string folder)
    {
        Note($"{stage}: started ({Path.GetFileName(folder)})");
        return current = new(stage, this);
    }

    /// <summary>A stage is done.</summary>
    public void Finished(string stage, double seconds) => Note($"{stage}: done in {ProgressText.Duration(seconds)}");

    /// <summary>Something worth a line.</summary>
    public void Note(string text)
    {
        lock (gate)
        {
            current?.Clear();
            current = null;
            output.WriteLine(text);
            output.Flush();
        }
    }

    /// <summary>Shows how far one stage has come.</summary>
    private sealed class ProgressLine(string stage, StageReporter owner) : IProgress<StageProgress>
    {
        private static readonly TimeSpan LiveInterval = TimeSpan.FromMilliseconds(100);
        private static readonly TimeSpan PlainInterval = TimeSpan.FromSeconds(5);

        private readonly long start = Stopwatch.GetTimestamp();
        private double? firstDone;
        private TimeSpan? shownAt;
        private int shownLength;

        public void Report(StageProgress value)
        {
            lock (owner.gate)
            {
                firstDone ??= value.Done;
                var elapsed = Stopwatch.GetElapsedTime(start);
                var ended = value.Done >= value.Total;
                if (owner.current != this || !ended && elapsed - shownAt < (owner.live ? LiveInterval : PlainInterval))
                    return;
                shownAt = elapsed;
                Show(ProgressText.Line(stage, value, value.Done - firstDone.Value, elapsed.TotalSeconds));
            }
        }

        /// <summary>Removes the live line, so that another can take its place.</summary>
        public void Clear()
        {
            if (shownLength > 0)
                owner.output.Write($"\r{new string(' ', shownLength)}\r");
            shownLength = 0;
        }

        private void Show(string line)
        {
            if (owner.live)
            {
                owner.output.Write($"\r{line.PadRight(shownLength)}");
                shownLength = line.Length;
            }
            else
            {
                owner.output.WriteLine(line);
            }
            owner.output.Flush();
        }
    }
}
