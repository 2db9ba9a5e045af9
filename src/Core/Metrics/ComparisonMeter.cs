namespace OnnxKd.Core.Metrics;

/// <summary>How often a teacher and a model say two classes of the same rows.</summary>
/// <param name="Teacher">The class that the teacher puts first.</param>
/// <param name="Model">The class that the model puts first.</param>
/// <param name="Rows">Of how many rows.</param>
internal sealed record ClassPair(int Teacher, int Model, long Rows);

/// <summary>How well a teacher and a model know one class, or one label that is independent of others.</summary>
/// <param name="Class">The class or label.</param>
/// <param name="Rows">Rows that are of the class; decisions about the label.</param>
/// <param name="Teacher">Those in which the teacher is right.</param>
/// <param name="Model">Those in which the model is.</param>
internal sealed record ClassChange(int Class, long Rows, long Teacher, long Model);

/// <summary>Counts, batch by batch, where a model and its teacher differ.</summary>
/// <param name="classes">The number of classes.</param>
internal sealed class ComparisonMeter(int classes)
{
    private readonly Dictionary<(int Teacher, int Model), long> pairs = [];
    private readonly long[] rows = new long[classes];
    private readonly long[] teacherRight = new long[classes];
    private readonly long[] modelRight = new long[classes];

    /// <summary>What the two say, each pair of classes that occurs; the most frequent first.</summary>
    public IReadOnlyList<ClassPair> Pairs =>
    [
        .. pairs.Select(pair => new ClassPair(pair.Key.Teacher, pair.Key.Model, pair.Value))
            .OrderByDescending(pair => pair.Rows).ThenBy(pair => pair.Teacher).ThenBy(pair => pair.Model),
    ];

    /// <summary>The classes that occur, in order.</summary>
    public IReadOnlyList<ClassChange> Changes =>
        [.. Enumerable.Range(0, classes).Where(c => rows[c] > 0).Select(c => new ClassChange(c, rows[c], teacherRight[c], modelRight[c]))];

    /// <summary>Adds a row.</summary>
    /// <param name="truth">Its class: the label, or without one the teacher's top class; −1: not known.</param>
    /// <param name="teacher">The teacher's top class.</param>
    /// <param name="model">The model's.</param>
    public void Add(int truth, int teacher, int model)
    {
        pairs[(teacher, model)] = pairs.GetValueOrDefault((teacher, model)) + 1;
        if (truth >= 0)
            AddDecision(truth, teacher == truth, model == truth);
    }

    /// <summary>Adds a decision about a label that is independent of others.</summary>
    /// <param name="label">The label.</param>
    /// <param name="teacher">Whether the teacher is right.</param>
    /// <param name="model">Whether the model is.</param>
    public void AddDecision(int label, bool teacher, bool model)
    {
        rows[label]++;
        teacherRight[label] += teacher ? 1 : 0;
        modelRight[label] += model ? 1 : 0;
    }
}
