namespace OnnxKd.TeacherRunner.Sessions;

/// <summary>How long runs of a model take.</summary>
/// <param name="Runs">How many were timed.</param>
/// <param name="MsP50">The median, in milliseconds.</param>
/// <param name="MsP95">What 95 % of the runs stay within.</param>
/// <param name="MsP99">What 99 % of the runs stay within.</param>
/// <param name="MsMean">The mean.</param>
public sealed record LatencyFigures(int Runs, double MsP50, double MsP95, double MsP99, double MsMean)
{
    /// <summary>The figures of some times.</summary>
    /// <param name="sorted">Milliseconds, the shortest first; at least one.</param>
    public static LatencyFigures Of(IReadOnlyList<double> sorted) =>
        new(sorted.Count, Percentile(sorted, 0.5), Percentile(sorted, 0.95), Percentile(sorted, 0.99), sorted.Average());

    /// <summary>A percentile, with straight lines between the values (type 7 of Hyndman and Fan 1996, which is NumPy's default).</summary>
    /// <param name="sorted">The values, the smallest first; at least one.</param>
    /// <param name="share">From 0 to 1.</param>
    public static double Percentile(IReadOnlyList<double> sorted, double share)
    {
        var place = share * (sorted.Count - 1);
        var below = (int)place;
        var above = Math.Min(below + 1, sorted.Count - 1);
        return sorted[below] + (place - below) * (sorted[above] - sorted[below]);
    }
}
