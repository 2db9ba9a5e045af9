using System.Diagnostics;
using Microsoft.ML.OnnxRuntime;

namespace OnnxKd.TeacherRunner.Sessions;

/// <summary>How long runs of a session took, one after the other.</summary>
internal static class RunTimes
{
    private const int FewestRuns = 3;

    /// <summary>Times runs. A slow model is timed less often: when the time is over, three runs are enough, those that should warm up among them.</summary>
    /// <param name="run">Runs once.</param>
    /// <param name="warmUp">Runs that come first and do not count.</param>
    /// <param name="repeats">Runs that count, at most.</param>
    /// <param name="time">After this, no more are begun.</param>
    /// <param name="token">Stops at once, in the middle of a run.</param>
    /// <returns>Milliseconds, the shortest first.</returns>
    public static double[] Measure(Action<RunOptions> run, int warmUp, int repeats, TimeSpan time, CancellationToken token)
    {
        using var options = new RunOptions();
        using var stop = token.Register(() => options.Terminate = true);
        var (times, begin) = (new List<double>(), Stopwatch.GetTimestamp());
        for (var i = -warmUp; i < repeats; i++)
        {
            var start = Stopwatch.GetTimestamp();
            try
            {
                run(options);
            }
            catch (OnnxRuntimeException) when (token.IsCancellationRequested)
            {
                throw new OperationCanceledException(token);
            }

            token.ThrowIfCancellationRequested();
            var isLate = Stopwatch.GetElapsedTime(begin) > time;
            if (i >= 0 || isLate)
                times.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
            if (isLate && times.Count >= Math.Min(repeats, FewestRuns))
                break;
        }

        times.Sort();
        return [.. times];
    }
}
