namespace OnnxKd.Core.Preparation;

/// <summary>Random changes of a sample, drawn from (seed, sample id, view): the same view is the same everywhere.</summary>
public sealed record Augmentation
{
    /// <summary>No change.</summary>
    public static Augmentation None { get; } = new();

    /// <summary>
    /// Largest shift in pixels along each of the last two axes ("jitter"), uniform over −Shift…Shift; what enters is filled with the stored value 0. Default 0.
    /// </summary>
    public int Shift { get; init; }

    /// <summary>Whether samples stay as they are.</summary>
    public bool IsNone => Shift == 0;
}
