namespace OnnxKd.Pipeline.Reports;

/// <summary>What is worth a look where several costs count: the front of Pareto.</summary>
internal static class Front
{
    /// <summary>The first that costs no more in anything and less in something; <c>null</c>: none, the item is on the front.</summary>
    /// <param name="item">The item.</param>
    /// <param name="all">What it is compared with; it may be among them.</param>
    /// <param name="costs">What each costs, of which less is better.</param>
    public static T? FindBetter<T>(T item, IEnumerable<T> all, params IReadOnlyList<Func<T, double>> costs)
        where T : class => all.FirstOrDefault(other => other != item && costs.All(cost => cost(other) <= cost(item)) && costs.Any(cost => cost(other) < cost(item)));
}
