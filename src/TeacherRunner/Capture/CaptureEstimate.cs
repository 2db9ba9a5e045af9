using OnnxKd.Core.Errors;
using OnnxKd.Core.LogitCaches;
using OnnxKd.Core.Text;

namespace OnnxKd.TeacherRunner.Capture;

/// <summary>What a capture will take, told before it starts.</summary>
/// <param name="Streams">What will be stored for each row.</param>
/// <param name="Rows">Rows that are still to be captured.</param>
/// <param name="BytesPerRow">Bytes of a row on disk.</param>
/// <param name="FreeBytes">Bytes that are free where the cache lies.</param>
/// <param name="RowsPerSecond">How fast the teachers were in a short trial.</param>
/// <param name="BatchSize">Rows per batch.</param>
public sealed record CaptureEstimate(
    IReadOnlyList<CacheStream> Streams, long Rows, long BytesPerRow, long FreeBytes, double RowsPerSecond, int BatchSize)
{
    // While a shard is being finished, its rows are on disk twice; headers and the manifest come on top.
    private const long Overhead = 192L << 20;

    /// <summary>What each teacher gives, and how that is known: a sentence each.</summary>
    public IReadOnlyList<string> Readings { get; init; } = [];

    /// <summary>Bytes that the rows will take.</summary>
    public long Bytes => checked(Rows * BytesPerRow);

    /// <summary>Seconds that the teachers will need, if nothing else holds them up.</summary>
    public double Seconds => Rows / RowsPerSecond;

    /// <summary>Refuses to start what cannot be finished.</summary>
    /// <param name="folder">Where the cache is to lie.</param>
    /// <exception cref="InputException">The disk has no room.</exception>
    internal void RequireRoom(string folder)
    {
        var needed = Bytes + Math.Min(Bytes, Overhead);
        if (needed > FreeBytes)
            throw new InputException(
                "The disk cannot hold the logit cache.", folder, $"{FileSize.Format(FreeBytes)} free",
                $"{FileSize.Format(needed)} for {Rows} rows of {BytesPerRow} bytes",
                "make room, choose another folder (--runs), or a smaller storage (capture.storage, for example { top-k: 16 })");
    }
}
