using OnnxKd.Core.Metrics;
using OnnxKd.TeacherRunner.Sessions;

namespace OnnxKd.Pipeline.Measuring;

/// <summary>The file <c>details.json</c>: what the report draws besides the figures.</summary>
/// <param name="Models">By role, those of the figures of which anything is known.</param>
internal sealed record RunDetails(IReadOnlyList<ModelDetails> Models)
{
    /// <summary>The file's name.</summary>
    public const string FileName = "details.json";

    /// <summary>Those of a role; <c>null</c>: there are none.</summary>
    public ModelDetails? Of(string? role) => Models.FirstOrDefault(model => model.Role == role);
}

/// <summary>One model in detail. What does not make sense for its kind of output is empty.</summary>
/// <param name="Role">As in the figures.</param>
internal sealed record ModelDetails(string Role)
{
    /// <summary>The most classes of which every pair is kept; of more classes the most frequent differences and the worst changes.</summary>
    public const int MostClasses = 12;

    /// <summary>How many of those.</summary>
    public const int MostRows = 12;

    /// <summary>How sure it is of labelled test samples, and how often right.</summary>
    public IReadOnlyList<ReliabilityBin> Reliability { get; init; } = [];

    /// <summary>How many classes or labels it tells apart; 0: none.</summary>
    public int Classes { get; init; }

    /// <summary>What the teacher and it say of the same test samples or positions.</summary>
    public IReadOnlyList<ClassPair> Pairs { get; init; } = [];

    /// <summary>What the teacher and it know of each class or label of the test set, the worst losses first.</summary>
    public IReadOnlyList<ClassChange> Changes { get; init; } = [];

    /// <summary>Test samples on which it is furthest behind the teacher, the worst first.</summary>
    public IReadOnlyList<SampleGap> Samples { get; init; } = [];

    /// <summary>Whether there is anything to show.</summary>
    public bool IsEmpty => Reliability.Count == 0 && Classes == 0 && Samples.Count == 0;
}

/// <summary>The file <c>latency.json</c>: how long runs of models take.</summary>
/// <param name="Points">By model, threads and batch.</param>
internal sealed record RunLatency(IReadOnlyList<LatencyPoint> Points)
{
    /// <summary>The file's name.</summary>
    public const string FileName = "latency.json";
}

/// <summary>How long runs of a model take.</summary>
/// <param name="Role">The model's, as in the figures.</param>
/// <param name="Threads">Threads within an operator.</param>
/// <param name="Batch">Samples of a run.</param>
/// <param name="Figures">The times.</param>
internal sealed record LatencyPoint(string Role, int Threads, int Batch, LatencyFigures Figures);

/// <summary>A test sample on which a model is behind its teacher.</summary>
/// <param name="Row">Its row in the set.</param>
/// <param name="Gap">
/// How far behind: of classes the probability of the right one that was lost; of positions and labels how many more are wrong; of texts more
/// edits; of values the mean squared difference, of embeddings 1 − cosine.
/// </param>
internal sealed record SampleGap(long Row, double Gap)
{
    /// <summary>Its class, by the label, else by the teacher; <c>null</c>: not one class.</summary>
    public int? Class { get; init; }

    /// <summary>The class that the model puts first.</summary>
    public int? Said { get; init; }

    /// <summary>What is written on it.</summary>
    public string? Text { get; init; }

    /// <summary>What the model read.</summary>
    public string? Read { get; init; }
}
