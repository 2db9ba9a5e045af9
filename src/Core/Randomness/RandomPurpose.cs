namespace OnnxKd.Core.Randomness;

/// <summary>
/// What a random stream is for; streams of different purposes never overlap. The numbers are part of the file formats and stay below 32.
/// </summary>
internal enum RandomPurpose : uint
{
    /// <summary>Initial weights; the item is the parameter's index.</summary>
    Initialisation = 1,

    /// <summary>The order of samples; the round is the epoch.</summary>
    Shuffle = 2,

    /// <summary>Augmentation; the item is the sample id, the round is the view or epoch.</summary>
    Augmentation = 3,

    /// <summary>Dropout masks; the item is the training step.</summary>
    Dropout = 4,

    /// <summary>Rows picked for a check.</summary>
    Verification = 5,

    /// <summary>Classes drawn from a teacher's distribution; the item is the sample id, the round is the view.</summary>
    Sampling = 6,

    /// <summary>Which samples are mixed, and how; the item is the sample id, the round is the view or epoch.</summary>
    Pairs = 7,

    /// <summary>Text that is drawn; the item is the line, the round is 0, or 1 for held-out fonts.</summary>
    Rendering = 8,

    /// <summary>Rows of a cache that are drawn beside a batch; the item is the batch's first row, the round is the view.</summary>
    Queue = 9,

    /// <summary>Where groups of classes begin, and the order in which classes come to them; the item is the attempt, the round 0 for its beginning, then the pass from 1.</summary>
    Clustering = 10,

    /// <summary>Samples of other classes that a specialist learns from; the item is its number.</summary>
    Oversampling = 11,
}
