using OnnxKd.Core.LogitCaches;

namespace OnnxKd.TeacherRunner.Capture;

/// <summary>What a capture did.</summary>
/// <param name="Rows">Rows of the cache, or of the part of it.</param>
/// <param name="Captured">Rows that this run captured; the others were there already.</param>
/// <param name="Streams">What is stored for each row.</param>
/// <param name="BatchSize">Rows per batch.</param>
/// <param name="Provider">Where the teachers ran: <c>cpu</c> or <c>cuda</c>.</param>
/// <param name="Seconds">Wall time of this run's capture.</param>
/// <param name="IsComplete">Whether the cache holds every row now, those of other parts too.</param>
/// <param name="ProviderNote">Why the device <c>auto</c> did not choose CUDA; <c>null</c> when it did, or when a device was named.</param>
public sealed record CaptureResult(
    long Rows, long Captured, IReadOnlyList<CacheStream> Streams, int BatchSize, string Provider, double Seconds, bool IsComplete,
    string? ProviderNote = null);
