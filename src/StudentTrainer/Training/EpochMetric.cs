namespace OnnxKd.StudentTrainer.Training;

/// <summary>A figure of the validation set by which epochs, and settings of a sweep, are compared.</summary>
/// <param name="Name">What recipes call it.</param>
/// <param name="IsGreaterBetter">Whether more of it is better.</param>
/// <param name="Value">The figure; <c>null</c>: an epoch has none.</param>
/// <param name="Tie">What decides between equal ones, less being better: epochs with as many errors, or as much agreement, differ in how sure they are.</param>
internal sealed record EpochMetric(string Name, bool IsGreaterBetter, Func<EpochEvent, double?> Value, Func<EpochEvent, double?> Tie)
{
    // Those in front are what counts where nothing is named.
    private static readonly EpochMetric[] All =
    [
        new("errors", false, epoch => epoch.Errors, epoch => epoch.Nll),
        new("agreement", true, epoch => epoch.Agreement, epoch => epoch.Kl),
        new("r-squared", true, epoch => epoch.RSquared, epoch => epoch.Mse),
        new("mse", false, epoch => epoch.Mse, _ => null),
        new("cosine", true, epoch => epoch.Cosine, _ => null),
        new("nll", false, epoch => epoch.Nll, _ => null),
        new("kl", false, epoch => epoch.Kl, _ => null),
    ];

    /// <summary>One by its name.</summary>
    public static EpochMetric Named(string name) => All.Single(metric => metric.Name == name);

    /// <summary>What counts of an epoch where nothing is named; <c>null</c>: it has no figures of a validation set.</summary>
    public static EpochMetric? Of(EpochEvent epoch) => All.FirstOrDefault(metric => metric.Value(epoch) is not null);

    /// <summary>The epoch after which a student was best; the first of several.</summary>
    /// <param name="epochs">Its epochs, one or more, with figures of a validation set.</param>
    /// <param name="named">What was watched; <c>null</c>: nothing was named.</param>
    public static EpochEvent Best(IReadOnlyList<EpochEvent> epochs, string? named) => epochs.MinBy((named is null ? Of(epochs[0]) ?? All[0] : Named(named)).Cost)!;

    /// <summary>An epoch's figure and tie, less being better. Where neither teacher nor student detects anything there is no agreement to be better by, and where a teacher's values are all the same no share of their variance.</summary>
    public (double Figure, double Tie) Cost(EpochEvent epoch) => Cost(Value(epoch), Tie(epoch));

    /// <summary>The same of a figure and tie that are known.</summary>
    public (double Figure, double Tie) Cost(double? value, double? tie) => ((IsGreaterBetter ? -1 : 1) * (value ?? 0), tie ?? 0);
}
