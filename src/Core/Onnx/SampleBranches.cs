using Onnx;

namespace OnnxKd.Core.Onnx;

/// <summary>
/// An If whose condition depends on what samples hold. Of a batch one branch runs for all, so that the samples would change each other's results: each is to
/// run alone.
/// </summary>
internal static class SampleBranches
{
    /// <summary>Whether a graph, or one within its nodes, has such an If.</summary>
    /// <param name="graph">The graph; its nodes are in order.</param>
    public static bool AreIn(GraphProto graph) =>
        HasBranches(graph) && AreIn(graph, new GraphIndex(graph).Inputs.Select(input => input.Name).ToHashSet(StringComparer.Ordinal));

    /// <summary>Whether each sample is to run alone: as branches depend on it, or as samples that run together would be rounded by one range.</summary>
    public static bool RunAlone(GraphProto graph) => AreIn(graph) || QuantizedArithmetic.IsDynamic(graph);

    private static bool HasBranches(GraphProto graph) => graph.Node.Any(node => node.OpType == "If" || ModelTraversal.Subgraphs(node).Any(HasBranches));

    /// <summary>Follows what samples hold through the nodes; their shapes are the batch's.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="held">The tensors that depend on what samples hold.</param>
    private static bool AreIn(GraphProto graph, HashSet<string> held)
    {
        foreach (var node in graph.Node.Where(node => node.OpType is not ("Shape" or "Size")))
        {
            if (node.OpType == "If" && held.Contains(node.Input[0]))
                return true;
            var depends = node.Input.Any(held.Contains);
            foreach (var inner in ModelTraversal.Subgraphs(node))
            {
                // What comes in by the inputs of a repeated graph is whatever its node reads.
                var within = depends ? held.Concat(inner.Input.Select(input => input.Name)).ToHashSet(StringComparer.Ordinal) : [.. held];
                if (AreIn(inner, within))
                    return true;
                depends |= inner.Output.Any(output => within.Contains(output.Name));
            }

            if (depends)
                held.UnionWith(node.Output);
        }

        return false;
    }
}
