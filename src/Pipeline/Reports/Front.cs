namespace OnnxKd.Pipeline.Reports;

/// <summary>Something of which less is better.</summary>
/// <param name="Of">How much of it an item has.</param>
/// <param name="Noise">The share by which it differs when it is measured again: nothing follows from a smaller difference.</param>
internal readonly record struct Cost<T>(Func<T, double> Of, double Noise = 0)
{
    /// <summary>Whether one costs more than another.</summary>
    public bool IsMore(T one, T other) => Of(one) > Of(other) * (1 + Noise);
}

/// <summary>What is worth a look where several costs count: the front of Pareto.</summary>
internal static class Front
{
    /// <summary>The noise of latencies: measured twice on a quiet machine, most are within this share of one another.</summary>
    public const double LatencyNoise = 0.1;

    /// <summary>The first that costs no more in anything and less in something; <c>null</c>: none, the item is on the front.</summary>
    /// <param name="item">The item.</param>
    /// <param name="all">What it is compared with; it may be among them.</param>
    /// <param name="costs">What each costs.</param>
    public static T? FindBetter<T>(T item, IEnumerable<T> all, params IReadOnlyList<Cost<T>> costs)
        where T : class => all.FirstOrDefault(other => other != item && !costs.Any(cost => cost.IsMore(other, item)) && costs.Any(cost => cost.IsMore(item, other)));
}
