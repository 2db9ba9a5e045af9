using System.Diagnostics;
using OnnxKd.Core.Errors;

namespace OnnxKd.Core.Limits;

/// <summary>
/// A model while it is tried: memory is capped, and time is counted. Trials within a trial have no more time than is left of it.
/// </summary>
public sealed class ModelTrial : IDisposable
{
    [ThreadStatic]
    private static ModelTrial? current;

    private readonly ModelTrial? outer;
    private readonly long? bytes;
    private readonly TimeSpan time;
    private readonly long start = Stopwatch.GetTimestamp();

    /// <param name="bytes">What it may take; <c>null</c>: not capped.</param>
    /// <param name="time">How long it may take.</param>
    internal ModelTrial(long? bytes, TimeSpan time)
    {
        (outer, current) = (current, this);
        (this.bytes, this.time) = (bytes, outer is null || time < outer.Left ? time : outer.Left);
        if (bytes is { } most)
            MemoryCap.Enter(most);
    }

    private TimeSpan Left => time - Stopwatch.GetElapsedTime(start);

    /// <summary>Checks that the time of this thread's trial, if there is one, is not over; to be called between the steps of a run.</summary>
    /// <exception cref="LimitException">It is.</exception>
    public static void RequireTime(Func<string> where)
    {
        if (current is { } trial && trial.Left < TimeSpan.Zero)
            throw ModelLimits.TooLong(where());
    }

    /// <summary>
    /// Checks that a tensor is within the memory of this thread's trial, if there is one, whether or not it takes any: one that is expanded without a
    /// copy costs whoever reads it the time of all its values.
    /// </summary>
    /// <param name="where">What made it.</param>
    /// <param name="size">Its bytes.</param>
    /// <exception cref="LimitException">It is not.</exception>
    public static void RequireSize(Func<string> where, Func<long> size)
    {
        if (current?.bytes is { } most && size() is var bytes && bytes > most)
            throw ModelLimits.TooMuchMemory(where(), bytes);
    }

    /// <summary>Calls something when the time is over; what is returned ends that.</summary>
    public IDisposable WhenOver(Action stop) =>
        new Timer(_ => stop(), null, Left is var left && left > TimeSpan.Zero ? left : TimeSpan.Zero, Timeout.InfiniteTimeSpan);

    /// <inheritdoc/>
    public void Dispose()
    {
        current = outer;
        if (bytes is not null)
            MemoryCap.Leave();
    }
}
