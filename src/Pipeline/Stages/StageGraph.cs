using OnnxKd.Core.Errors;
using OnnxKd.Core.Text;

namespace OnnxKd.Pipeline.Stages;

/// <summary>Stages in an order in which each comes after those that it needs.</summary>
internal sealed class StageGraph
{
    /// <summary>Orders stages; where the needs leave a choice, they stay as they were given.</summary>
    /// <exception cref="InputException">Two have one name, one needs a stage that is not there, or they need each other.</exception>
    public StageGraph(IEnumerable<Stage> stages)
    {
        Stage[] given = [.. stages];
        if (given.GroupBy(stage => stage.Name).FirstOrDefault(group => group.Count() > 1)?.Key is { } twice)
            throw new InputException("Two stages have one name.", "stages", twice, "a name of its own for each", "rename one");
        var byName = given.ToDictionary(stage => stage.Name, StringComparer.Ordinal);
        var order = new List<Stage>();
        foreach (var stage in given)
            Visit(stage, [], byName, order);
        Stages = order;
    }

    /// <summary>All of them.</summary>
    public IReadOnlyList<Stage> Stages { get; }

    /// <summary>The stages that some of them need, directly or not, and those themselves, in order.</summary>
    public IReadOnlyList<Stage> UpTo(IEnumerable<Stage> targets)
    {
        var wanted = targets.Select(stage => stage.Name).ToHashSet(StringComparer.Ordinal);
        foreach (var stage in Stages.Reverse())
            if (wanted.Contains(stage.Name))
                wanted.UnionWith(stage.Needs);
        return [.. Stages.Where(stage => wanted.Contains(stage.Name))];
    }

    private static void Visit(Stage stage, List<string> path, Dictionary<string, Stage> byName, List<Stage> order)
    {
        if (order.Contains(stage))
            return;
        if (path.Contains(stage.Name))
            throw new InputException(
                "Stages need each other in a circle.", "stages", string.Join(" → ", path.SkipWhile(name => name != stage.Name).Append(stage.Name)),
                "an order that ends");
        path.Add(stage.Name);
        foreach (var need in stage.Needs)
            Visit(byName.TryGetValue(need, out var needed) ? needed : throw Unknown(stage, need, byName.Keys), path, byName, order);
        path.RemoveAt(path.Count - 1);
        order.Add(stage);
    }

    private static InputException Unknown(Stage stage, string need, IReadOnlyCollection<string> names) => new(
        "A stage needs one that is not there.", $"stage '{stage.Name}'", $"'{need}'", $"one of {string.Join(", ", names)}",
        Suggestions.Nearest(need, names) is { } nearest ? $"did you mean '{nearest}'?" : null);
}
