namespace OnnxKd.Pipeline.Measuring;

/// <summary>Finds whether labels are numbered otherwise than a teacher's classes: what it says of the samples of one label is one other class.</summary>
internal sealed class LabelNumbering
{
    // Of fewer samples any class is said most often by chance.
    private const int SamplesOfLabel = 5;

    // Renumbered, no more than this share of the contradictions may remain: two classes that a teacher mixes up are no numbering.
    private const double MostRemaining = 0.5;

    private readonly Dictionary<(int Label, int Class), long> counts = [];

    /// <summary>Counts a sample.</summary>
    /// <param name="label">Its label.</param>
    /// <param name="top">The class that the teacher puts first.</param>
    public void Add(int label, int top) => counts[(label, top)] = counts.GetValueOrDefault((label, top)) + 1;

    /// <summary>Finds the teacher's class of each label; <c>null</c>: the labels are the classes, or nothing tells.</summary>
    public Renumbering? Find()
    {
        var rows = counts.Values.Sum();
        var labels = counts.GroupBy(count => count.Key.Label).ToArray();
        if (rows < SamplesOfLabel * labels.Length)
            return null;
        var classes = labels.ToDictionary(label => label.Key, label => label.OrderByDescending(count => count.Value).ThenBy(count => count.Key.Class).First().Key.Class);
        // A teacher that says one class of nearly all samples says it most often of both labels.
        if (classes.Keys.Order().SequenceEqual([0, 1]) && counts.Keys.All(count => count.Class < 2))
            classes = Share(label => 1 - label) > Share(label => label) ? new() { [0] = 1, [1] = 0 } : new() { [0] = 0, [1] = 1 };
        if (classes.Values.Distinct().Count() < classes.Count)
            return null;
        var (right, renumbered) = (Share(label => label), Share(label => classes[label]));
        return 1 - renumbered <= MostRemaining * (1 - right) && right < renumbered ? new(right, renumbered, new SortedDictionary<int, int>(classes)) : null;

        double Share(Func<int, int> classOf) => (double)counts.Where(count => count.Key.Class == classOf(count.Key.Label)).Sum(count => count.Value) / rows;
    }
}

/// <summary>Labels that are numbered otherwise than a teacher's classes.</summary>
/// <param name="Right">Share of the labels with which the teacher agrees as they are.</param>
/// <param name="Renumbered">The share if each were the class that the teacher says most often of its samples.</param>
/// <param name="Classes">These classes, by label.</param>
internal sealed record Renumbering(double Right, double Renumbered, IReadOnlyDictionary<int, int> Classes)
{
    private const int Shown = 4;

    /// <summary>What the numbering is: all labels by the same number apart, or what some of them are.</summary>
    public string Description
    {
        get
        {
            var apart = Classes.Select(label => label.Value - label.Key).Distinct().ToArray();
            if (apart is [var same])
                return $"each label were {Math.Abs(same)} {(same < 0 ? "less" : "more")}";
            var moved = Classes.Where(label => label.Value != label.Key).ToArray();
            return string.Join(", ", moved.Take(Shown).Select(label => $"label {label.Key} were {label.Value}")) + (moved.Length > Shown ? $" and {moved.Length - Shown} more changed" : "");
        }
    }
}
