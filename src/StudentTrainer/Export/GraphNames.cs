using Onnx;

namespace OnnxKd.StudentTrainer.Export;

/// <summary>The names of a graph's tensors and nodes, where the graph is extended.</summary>
internal sealed class GraphNames
{
    private readonly GraphProto graph;
    private readonly HashSet<string> taken;

    /// <summary>Collects the names.</summary>
    public GraphNames(GraphProto graph)
    {
        this.graph = graph;
        taken = graph.Node.SelectMany(node => node.Output.Append(node.Name)).Concat(graph.Initializer.Select(tensor => tensor.Name))
            .Concat(graph.Input.Select(input => input.Name)).ToHashSet(StringComparer.Ordinal);
    }

    /// <summary>A name that nothing has; it is taken then.</summary>
    /// <param name="wanted">What it should be; marks are added where that is taken.</param>
    public string Take(string wanted)
    {
        while (!taken.Add(wanted))
            wanted += "'";
        return wanted;
    }

    /// <summary>Makes room for a name: whatever has it gets another.</summary>
    /// <returns>What that is; <c>null</c>: nothing had it.</returns>
    public string? Free(string name)
    {
        if (!taken.Contains(name))
            return null;
        var other = Take(name);
        Rename(name, other);
        return other;
    }

    /// <summary>Gives a tensor another name, where it is made and wherever it is read.</summary>
    public void Rename(string from, string to)
    {
        RenameReaders(from, to);
        foreach (var node in graph.Node)
            for (var i = 0; i < node.Output.Count; i++)
                if (node.Output[i] == from)
                    node.Output[i] = to;
        foreach (var tensor in graph.Initializer.Where(tensor => tensor.Name == from))
            tensor.Name = to;
        foreach (var value in graph.Input.Concat(graph.Output).Concat(graph.ValueInfo).Where(value => value.Name == from))
            value.Name = to;
        taken.Add(to);
    }

    /// <summary>Lets all nodes, and whatever their subgraphs hold, read another tensor.</summary>
    public void RenameReaders(string from, string to)
    {
        foreach (var node in graph.Node)
            RenameReaders(node, from, to);
    }

    private static void RenameReaders(NodeProto node, string from, string to)
    {
        for (var i = 0; i < node.Input.Count; i++)
            if (node.Input[i] == from)
                node.Input[i] = to;
        foreach (var graph in node.Attribute.SelectMany(attribute => attribute.G is null ? attribute.Graphs : attribute.Graphs.Prepend(attribute.G)))
        {
            foreach (var inner in graph.Node)
                RenameReaders(inner, from, to);
            foreach (var output in graph.Output.Where(output => output.Name == from))
                output.Name = to;
        }
    }
}
