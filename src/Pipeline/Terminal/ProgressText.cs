using System.Globalization;
using OnnxKd.Core.Progress;

namespace OnnxKd.Pipeline.Terminal;

/// <summary>Progress in words.</summary>
internal static class ProgressText
{
    private const int BarWidth = 24;

    // Below it a rate has no digits left that say anything.
    private const double Slow = 0.1;

    /// <summary>One line: bar, share, count, rate, time left, detail.</summary>
    /// <param name="stage">The stage's name.</param>
    /// <param name="progress">How far it is.</param>
    /// <param name="rate">Units a second; <c>null</c>: not known.</param>
    public static string Line(string stage, StageProgress progress, double? rate)
    {
        var share = progress.Total > 0 ? Math.Clamp(progress.Done / progress.Total, 0, 1) : 1;
        var filled = (int)(share * BarWidth);
        var line = string.Create(
            CultureInfo.InvariantCulture,
            $"{stage} [{new string('#', filled)}{new string('.', BarWidth - filled)}] {share:P0} " +
            $"{progress.Done:#,0.#}/{progress.Total:#,0.#} {progress.Unit}");
        if (rate is { } known)
        {
            line += known < Slow ? $", {Duration(1 / known)} each" : string.Create(CultureInfo.InvariantCulture, $", {Rate(known)} {progress.Unit}/s");
            if (progress.Done < progress.Total)
                line += $", {Duration((progress.Total - progress.Done) / known)} left";
        }
        return progress.Detail is { Length: > 0 } detail ? $"{line}, {detail}" : line;
    }

    /// <summary>A duration: <c>4.2 s</c>, <c>3 min 20 s</c>, <c>2 h 5 min</c>.</summary>
    public static string Duration(double seconds) => TimeSpan.FromSeconds(Math.Min(seconds, 1e9)) switch
    {
        { TotalSeconds: < 60 } span => string.Create(CultureInfo.InvariantCulture, $"{span.TotalSeconds:0.0} s"),
        { TotalMinutes: < 60 } span => $"{span.Minutes} min {span.Seconds} s",
        var span => $"{(int)span.TotalHours} h {span.Minutes} min",
    };

    private static string Rate(double rate) => rate.ToString(rate < 10 ? "0.00" : "#,0", CultureInfo.InvariantCulture);
}
