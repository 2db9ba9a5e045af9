using System.Diagnostics;
using OnnxKd.Core.Errors;

namespace OnnxKd.Core.Limits;

/// <summary>A model while it is tried: memory is capped, and time is counted.</summary>
public sealed class ModelTrial : IDisposable
{
    [ThreadStatic]
    private static ModelTrial? current;

    private readonly ModelTrial? outer;
    private readonly TimeSpan time;
    private readonly long start = Stopwatch.GetTimestamp();

    internal ModelTrial(long bytes, TimeSpan time)
    {
        this.time = time;
        (outer, current) = (current, this);
        MemoryCap.Enter(bytes);
    }

    /// <summary>Checks that the time of this thread's trial, if there is one, is not over; to be called between the steps of a run.</summary>
    /// <exception cref="InputException">It is.</exception>
    public static void RequireTime(Func<string> where)
    {
        if (current is { } trial && Stopwatch.GetElapsedTime(trial.start) > trial.time)
            throw ModelLimits.TooLong(where());
    }

    /// <summary>Calls something when the time is over; what is returned ends that.</summary>
    public IDisposable WhenOver(Action stop) =>
        new Timer(_ => stop(), null, time - Stopwatch.GetElapsedTime(start) is var left && left > TimeSpan.Zero ? left : TimeSpan.Zero, Timeout.InfiniteTimeSpan);

    /// <inheritdoc/>
    public void Dispose()
    {
        current = outer;
        MemoryCap.Leave();
    }
}
