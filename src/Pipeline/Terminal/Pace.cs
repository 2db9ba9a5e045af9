namespace OnnxKd.Pipeline.Terminal;

/// <summary>How fast a piece of work goes, by the later half of what this process did of it: beginnings are slow, and machines get busy.</summary>
/// <param name="time">The clock.</param>
internal sealed class Pace(TimeProvider time)
{
    private const int MostMarks = 128;

    private readonly List<(long Time, double Done)> marks = [];

    /// <summary>Units a second; <c>null</c>: not known yet. What was done before the first mark, by an interrupted run or while everything is set up, does not count.</summary>
    public double? Rate
    {
        get
        {
            if (marks.Count < 2)
                return null;
            var (last, middle) = (marks[^1], marks[0].Time + (marks[^1].Time - marks[0].Time) / 2);
            var first = marks.FindLast(mark => mark.Time <= middle);
            var seconds = time.GetElapsedTime(first.Time, last.Time).TotalSeconds;
            return seconds > 0 && last.Done > first.Done ? (last.Done - first.Done) / seconds : null;
        }
    }

    /// <summary>Begins another piece of work.</summary>
    public void Restart() => marks.Clear();

    /// <summary>Notes how much is done.</summary>
    public void Mark(double done)
    {
        if (marks.Count == MostMarks)
        {
            var kept = marks.Where((_, i) => i % 2 == 0).ToArray();
            marks.Clear();
            marks.AddRange(kept);
        }
        marks.Add((time.GetTimestamp(), done));
    }
}
