namespace OnnxKd.StudentTrainer.Signals;

/// <summary>What a signal holds.</summary>
internal enum SignalKind
{
    /// <summary>Class scores: logits, or log-probabilities.</summary>
    Scores,

    /// <summary>An inner tensor: [N, ...].</summary>
    Features,

    /// <summary>The set's class of each row.</summary>
    Labels,
}

/// <summary>A signal that a term reads.</summary>
/// <param name="Key">The term's key that names it: <c>student</c>, <c>teacher</c>; <c>labels</c> for labels, which need no name.</param>
/// <param name="Kind">What it must hold.</param>
/// <param name="IsTarget">
/// Whether it is learned from: a stream of the cache, or a learner's tensor without its gradient. Else it is a tensor of the learner's own
/// graph, which gradients flow into.
/// </param>
/// <param name="Path">What the recipe says; <c>null</c>: the one that there is, for class scores of the student its logits.</param>
internal sealed record SignalUse(string Key, SignalKind Kind, bool IsTarget, string? Path)
{
    /// <summary>The key of a term for what is learned from.</summary>
    public const string TeacherKey = "teacher";

    /// <summary>The key of a term for what learns.</summary>
    public const string StudentKey = "student";

    /// <summary>The set's labels.</summary>
    public static SignalUse Labels { get; } = new("labels", SignalKind.Labels, IsTarget: true, null);

    /// <summary>Class scores of the learner.</summary>
    public static SignalUse OwnScores(string? path) => new(StudentKey, SignalKind.Scores, IsTarget: false, path);

    /// <summary>Class scores to learn from.</summary>
    public static SignalUse TargetScores(string? path) => new(TeacherKey, SignalKind.Scores, IsTarget: true, path);

    /// <summary>Features of the learner.</summary>
    public static SignalUse OwnFeatures(string? path) => new(StudentKey, SignalKind.Features, IsTarget: false, path);

    /// <summary>
    /// How many rows of a stream of the cache it is, drawn at random for each step, in place of the batch's own; 0: the batch's own.
    /// </summary>
    public int Drawn { get; init; }

    /// <summary>Features to learn from.</summary>
    public static SignalUse TargetFeatures(string? path) => new(TeacherKey, SignalKind.Features, IsTarget: true, path);
}
