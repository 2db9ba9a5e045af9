using System.Diagnostics;
using OnnxKd.Core.LogitCaches;
using OnnxKd.Core.TransferSets;
using OnnxKd.TeacherRunner.Ensembles;
using OnnxKd.TeacherRunner.Sessions;

namespace OnnxKd.TeacherRunner.Capture;

/// <summary>Runs the teachers on the first samples, to learn how fast they are.</summary>
/// <param name="teachers">The teachers.</param>
/// <param name="set">The samples.</param>
internal sealed class CaptureTrial(TeacherEnsemble teachers, TransferSet set)
{
    private const int Smallest = 8;
    private const int Largest = 1024;
    private const long LargestBytes = 256L << 20;

    // A batch twice the size has to be that much faster to be worth its memory and the rows that a kill loses.
    private const double WorthIt = 1.03;

    private const int Glances = 3;

    // For an estimate: a trial must stay far shorter than the capture. For a choice: longer than the scheduler's noise.
    private static readonly TimeSpan Glance = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);

    /// <summary>Rows per second, in runs as a capture makes them, unless those take long.</summary>
    public double RowsPerSecond(int batchSize)
    {
        var (rows, few) = (teachers.RowsPerRun(batchSize), teachers.RowsPerRun(Math.Min(batchSize, 2)));
        Run(few, teachers.Workers); // compiles, and plans the memory
        // The shortest: a busy machine makes any of them longer.
        var brief = Enumerable.Range(0, Glances).Min(_ => Run(few, teachers.Workers));
        return brief * rows / few < Look ? 1 / SecondsPerRow(rows, Glance) : few * teachers.Workers / brief.TotalSeconds;
    }

    /// <summary>The smallest batch that is about as fast as any; sizes are doubled as long as that helps.</summary>
    public int FindBatchSize()
    {
        var start = Stopwatch.GetTimestamp();
        var (best, fastest) = (0, double.PositiveInfinity);
        for (var size = teachers.RoundUp(Smallest); ; size = teachers.RoundUp(2 * size))
        {
            var rows = teachers.RowsPerRun(size);
            Run(rows, teachers.Workers); // the first run of a shape also plans its memory
            var secondsPerRow = SecondsPerRow(rows, Look);
            if (secondsPerRow * WorthIt < fastest)
                (best, fastest) = (size, secondsPerRow);
            var isLast = size >= 4 * best // doubling it twice did not help
                || teachers.RowsPerRun(2 * size) == rows // it would be run in the same pieces
                || 2 * size > Math.Min(Largest, set.Count)
                || 2L * size * teachers.BufferBytesPerRow > LargestBytes
                || Stopwatch.GetElapsedTime(start) > Limit;
            if (isLast)
                return best;
        }
    }

    /// <summary>Seconds per row of as many runs as last long enough.</summary>
    private double SecondsPerRow(int rowsPerRun, TimeSpan enough)
    {
        for (var runs = teachers.Workers; ; runs *= 4)
        {
            var time = Run(rowsPerRun, runs);
            if (time >= enough)
                return time.TotalSeconds / ((double)runs * rowsPerRun);
        }
    }

    /// <summary>The time of runs, spread over the workers of a capture. The set begins again when it is at its end.</summary>
    private TimeSpan Run(int rowsPerRun, int runs)
    {
        var buffers = Enumerable.Range(0, teachers.Workers).Select(_ => teachers.CreateBuffers(rowsPerRun, static length => new float[length]));
        RunBuffers[] workers = [.. buffers];
        var start = Stopwatch.GetTimestamp();
        BatchWorkers<byte>.Run(
            workers, RowRange.Batches(0, (long)runs * rowsPerRun, rowsPerRun), rowsPerRun, rowsPerRun, valuesPerRow: 0,
            (run, rows, _) =>
            {
                run.Select(rows, set.Count);
                teachers.Read(run);
                teachers.Run(run);
            },
            (_, _) => { }, CancellationToken.None);
        return Stopwatch.GetElapsedTime(start);
    }
}
