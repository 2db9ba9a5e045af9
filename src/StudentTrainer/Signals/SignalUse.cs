using OnnxKd.Core.Logits;

namespace OnnxKd.StudentTrainer.Signals;

/// <summary>What a signal holds; a term may take one of several.</summary>
[Flags]
internal enum SignalKind
{
    /// <summary>Class scores: logits, or log-probabilities.</summary>
    Scores = 1,

    /// <summary>An inner tensor: [N, ...].</summary>
    Features = 2,

    /// <summary>The set's class of each position, or its independent labels.</summary>
    Labels = 4,

    /// <summary>Logits of independent labels.</summary>
    LabelScores = 8,

    /// <summary>Numbers of a regression.</summary>
    Values = 16,

    /// <summary>Embeddings.</summary>
    Embedding = 32,

    /// <summary>A box and logits of scores at each anchor.</summary>
    Detections = 64,
}

/// <summary>Words for what signals hold.</summary>
internal static class SignalKinds
{
    private static readonly (SignalKind Kind, string Words)[] All =
    [
        (SignalKind.Scores, "class scores"), (SignalKind.LabelScores, "scores of independent labels"), (SignalKind.Features, "features"),
        (SignalKind.Values, "values"), (SignalKind.Embedding, "embeddings"), (SignalKind.Detections, "boxes and scores"), (SignalKind.Labels, "labels"),
    ];

    /// <summary>What an output of a kind is as a signal.</summary>
    public static SignalKind Signal(this OutputKind kind) => kind switch
    {
        OutputKind.Classes => SignalKind.Scores,
        OutputKind.Labels => SignalKind.LabelScores,
        OutputKind.Values => SignalKind.Values,
        OutputKind.Detector => SignalKind.Detections,
        _ => SignalKind.Embedding,
    };

    /// <summary>The kinds, in words.</summary>
    public static string Words(this SignalKind kinds) =>
        string.Join(" or ", All.Where(entry => (entry.Kind & kinds) != 0).Select(entry => entry.Words));
}

/// <summary>A signal that a term reads.</summary>
/// <param name="Key">The term's key that names it: <c>student</c>, <c>teacher</c>; <c>labels</c> for labels, which need no name.</param>
/// <param name="Kind">What it must hold; one of several.</param>
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

    /// <summary>Whether it is what a model gives, position by position, and no inner tensor or label.</summary>
    public bool IsOutput => (Kind & (SignalKind.Features | SignalKind.Labels)) == 0;

    /// <summary>The set's labels.</summary>
    public static SignalUse Labels { get; } = new("labels", SignalKind.Labels, IsTarget: true, null);

    /// <summary>Class scores of the learner.</summary>
    public static SignalUse OwnScores(string? path) => new(StudentKey, SignalKind.Scores, IsTarget: false, path);

    /// <summary>Class scores to learn from.</summary>
    public static SignalUse TargetScores(string? path) => new(TeacherKey, SignalKind.Scores, IsTarget: true, path);

    /// <summary>What the learner gives.</summary>
    public static SignalUse Own(SignalKind kinds, string? path) => new(StudentKey, kinds, IsTarget: false, path);

    /// <summary>What a teacher gives, to learn from.</summary>
    public static SignalUse Target(SignalKind kinds, string? path) => new(TeacherKey, kinds, IsTarget: true, path);

    /// <summary>Features of the learner.</summary>
    public static SignalUse OwnFeatures(string? path) => new(StudentKey, SignalKind.Features, IsTarget: false, path);

    /// <summary>
    /// How many rows of a stream of the cache it is, drawn at random for each step, in place of the batch's own; 0: the batch's own.
    /// </summary>
    public int Drawn { get; init; }

    /// <summary>Features to learn from; an embedding is one.</summary>
    public static SignalUse TargetFeatures(string? path) => new(TeacherKey, SignalKind.Features | SignalKind.Embedding, IsTarget: true, path);
}
