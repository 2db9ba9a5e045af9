using Onnx;

namespace OnnxKd.Core.Onnx;

/// <summary>Puts nodes into an order in which each comes after those whose tensors it reads, as the specification demands and some tools forget.</summary>
internal static class NodeOrder
{
    /// <summary>Sorts the nodes of a model's graph and of all graphs within it; what is in order already stays as it is.</summary>
    /// <returns>Whether anything was moved. Nodes that need each other in a circle stay where they are, for the validation to find.</returns>
    public static bool Sort(GraphProto graph)
    {
        var moved = SortNodes(graph);
        foreach (var inner in graph.Node.SelectMany(ModelTraversal.Subgraphs))
            moved |= Sort(inner);
        return moved;
    }

    private static bool SortNodes(GraphProto graph)
    {
        var makers = new Dictionary<string, int>(StringComparer.Ordinal);
        for (var i = 0; i < graph.Node.Count; i++)
            foreach (var output in graph.Node[i].Output.Where(name => name.Length > 0))
                makers.TryAdd(output, i);
        int[][] needs = [.. graph.Node.Select((node, i) => NamesRead(node).Select(name => makers.GetValueOrDefault(name, i)).Where(maker => maker != i).Distinct().ToArray())];
        if (needs.Index().All(entry => entry.Item.All(maker => maker < entry.Index)))
            return false;

        var readers = new List<int>[needs.Length];
        var (open, ready, order) = (new int[needs.Length], new PriorityQueue<int, int>(), new List<NodeProto>());
        for (var i = 0; i < needs.Length; i++)
        {
            open[i] = needs[i].Length;
            foreach (var maker in needs[i])
                (readers[maker] ??= []).Add(i);
            if (open[i] == 0)
                ready.Enqueue(i, i);
        }

        // Of several that could come next, the one that came first.
        while (ready.TryDequeue(out var next, out _))
        {
            order.Add(graph.Node[next]);
            foreach (var reader in readers[next] ?? [])
                if (--open[reader] == 0)
                    ready.Enqueue(reader, reader);
        }

        if (order.Count < graph.Node.Count)
            return false;
        graph.Node.Clear();
        graph.Node.AddRange(order);
        return true;
    }

    /// <summary>The tensors that a node reads, those that graphs within it take from around them included.</summary>
    private static IEnumerable<string> NamesRead(NodeProto node) =>
        node.Input.Where(name => name.Length > 0).Concat(ModelTraversal.Subgraphs(node).SelectMany(inner => inner.Node.SelectMany(NamesRead).Concat(inner.Output.Select(output => output.Name))));
}
