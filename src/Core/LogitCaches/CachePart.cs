namespace OnnxKd.Core.LogitCaches;

/// <summary>One of several equal shares of a cache's rows, each captured by a process of its own into the same folder.</summary>
/// <param name="Index">Which, from 0.</param>
/// <param name="Count">How many there are.</param>
public readonly record struct CachePart(int Index, int Count)
{
    /// <summary>All rows.</summary>
    public static CachePart Whole { get; } = new(0, 1);

    /// <summary>The share of a number of things, as [first, end): shares differ by one at most, and follow each other.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The index is not within [0, count).</exception>
    internal (long First, long End) Of(long things)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(Count, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(Index);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(Index, Count);
        return ((long)((Int128)things * Index / Count), (long)((Int128)things * (Index + 1L) / Count));
    }

    /// <summary>The part for people, counted from 1: <c>part 2/4</c>.</summary>
    public override string ToString() => $"part {Index + 1}/{Count}";
}
