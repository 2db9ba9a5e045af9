using System.Diagnostics;
using OnnxKd.Core.Progress;

namespace OnnxKd.Benchmarks.Support;

/// <summary>Watches rows being stored.</summary>
internal sealed class CapturePace : IProgress<StageProgress>
{
    private (double Rows, long Time)? first;
    private (double Rows, long Time) last;

    /// <inheritdoc/>
    public void Report(StageProgress value)
    {
        last = (value.Done, Stopwatch.GetTimestamp());
        if (value.Done > 0)
            first ??= last;
    }

    /// <summary>Seconds that so many rows take at the pace after the first batch.</summary>
    public double SecondsFor(int rows) =>
        rows * Stopwatch.GetElapsedTime(first!.Value.Time, last.Time).TotalSeconds / (last.Rows - first.Value.Rows);
}
