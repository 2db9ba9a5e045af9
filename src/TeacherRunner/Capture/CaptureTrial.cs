using System.Diagnostics;
using OnnxKd.Core.TransferSets;
using OnnxKd.TeacherRunner.Ensembles;

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

    // For an estimate: a trial must stay far shorter than the capture. For a choice: longer than the scheduler's noise.
    private static readonly TimeSpan Glance = TimeSpan.FromMilliseconds(5);
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);

    /// <summary>Rows per second: from a run of two, and, if that was too short to tell, one of as many as should take long enough.</summary>
    public double RowsPerSecond(int batchSize)
    {
        var secondsPerRow = Time(Math.Min(batchSize, teachers.RoundUp(2)), TimeSpan.Zero);
        var rows = Math.Min(batchSize, teachers.RoundUp(1 + (int)Math.Min(Largest, Glance.TotalSeconds / secondsPerRow)));
        return 1 / (rows > teachers.RoundUp(2) ? Time(rows, TimeSpan.Zero, warmUp: false) : secondsPerRow);
    }

    /// <summary>The smallest batch that is about as fast as any; sizes are doubled as long as that helps.</summary>
    public int FindBatchSize()
    {
        var start = Stopwatch.GetTimestamp();
        var (best, fastest) = (0, double.PositiveInfinity);
        for (var size = teachers.RoundUp(Smallest); ; size = teachers.RoundUp(2 * size))
        {
            var secondsPerRow = Time(size, Look);
            if (secondsPerRow * WorthIt < fastest)
                (best, fastest) = (size, secondsPerRow);
            var isLast = size >= 4 * best // doubling it twice did not help
                || 2 * size > Math.Min(Largest, set.Count)
                || 2L * size * teachers.BufferBytesPerRow > LargestBytes
                || Stopwatch.GetElapsedTime(start) > Limit;
            if (isLast)
                return best;
        }
    }

    /// <summary>Seconds per row of batches of a size: the fastest of the runs that fit into a time, but at least one.</summary>
    private double Time(int size, TimeSpan enough, bool warmUp = true)
    {
        var batch = teachers.CreateBatch(size, allocate: static length => new float[length]);
        batch.Select(0, (int)Math.Min(size, set.Count), set.Count);
        teachers.Read(batch);
        if (warmUp)
            teachers.Run(batch); // the first run of a shape also plans its memory
        var fastest = TimeSpan.MaxValue;
        var start = Stopwatch.GetTimestamp();
        do
        {
            var began = Stopwatch.GetTimestamp();
            teachers.Run(batch);
            var time = Stopwatch.GetElapsedTime(began);
            fastest = time < fastest ? time : fastest;
        }
        while (Stopwatch.GetElapsedTime(start) < enough);
        return fastest.TotalSeconds / batch.Count;
    }
}
