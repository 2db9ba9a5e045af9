namespace OnnxKd.StudentTrainer.Checkpoints;

/// <summary>
/// How often to save: as often as costs no more than a hundredth of the time. Writing takes as long as the weights are large and the disk is slow, an
/// epoch as long as the set is; so a kill loses what an epoch takes, or a hundred times what saving does if that is more.
/// </summary>
/// <param name="clock">The time.</param>
internal sealed class CheckpointPace(TimeProvider clock)
{
    private const double LargestShare = 0.01;

    private (long Time, TimeSpan Cost)? last;

    /// <summary>Whether it is time: at once the first time, so that a disk that cannot be written is found out early.</summary>
    public bool IsDue => last is not { } save || clock.GetElapsedTime(save.Time) >= save.Cost / LargestShare;

    /// <summary>Saves, and notes how long that takes.</summary>
    public void Save(Action save)
    {
        var start = clock.GetTimestamp();
        save();
        last = (clock.GetTimestamp(), clock.GetElapsedTime(start));
    }
}
