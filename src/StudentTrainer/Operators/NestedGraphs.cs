using Onnx;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Onnx;

namespace OnnxKd.StudentTrainer.Operators;

/// <summary>Graphs within nodes, and what they read of the graph around them.</summary>
internal static class NestedGraphs
{
    /// <summary>The attribute of a node that repeats a graph.</summary>
    public const string Body = "body";

    private static readonly Dictionary<string, string[]> Held = new(StringComparer.Ordinal)
    {
        ["If"] = ["then_branch", "else_branch"],
        ["Loop"] = [Body],
        ["Scan"] = [Body],
    };

    /// <summary>Whether of a node's graphs one runs and the others do not.</summary>
    public static bool IsBranching(NodeProto node) => node is { OpType: "If", Domain: "" or "ai.onnx" };

    /// <summary>The graphs that a node holds, empty where it lacks one; none: it is no node that runs graphs.</summary>
    public static IReadOnlyList<GraphProto> Of(NodeProto node) =>
        OperatorSets.IsOwn(node.Domain) && Held.TryGetValue(node.OpType, out var names) ? [.. names.Select(name => GraphOf(node, name))] : [];

    /// <summary>
    /// The graph with nodes that list what their graphs read from outside as further inputs; itself if there is no such node.
    /// </summary>
    public static GraphProto ExposeCaptures(GraphProto graph)
    {
        if (!graph.Node.Any(node => Held.ContainsKey(node.OpType)))
            return graph;
        var exposed = graph.Clone();
        for (var i = 0; i < exposed.Node.Count; i++)
        {
            if (Held.ContainsKey(exposed.Node[i].OpType))
                exposed.Node[i] = ExposeCaptures(exposed.Node[i]);
        }

        return exposed;
    }

    /// <summary>All that graphs within a graph's nodes read of it.</summary>
    public static IEnumerable<string> CapturesOf(GraphProto graph) =>
        graph.Node.Where(node => Held.ContainsKey(node.OpType)).SelectMany(node => Held[node.OpType].SelectMany(name => Captures(GraphOf(node, name)))).Distinct();

    /// <summary>Compiles a graph that a node holds; behind its own inputs it gets what it reads from outside.</summary>
    /// <returns>The graph, and where in the node's inputs these are.</returns>
    public static (NestedGraph Graph, int[] Captures) Compile(NodeContext node, string name)
    {
        var graph = (node.Attributes.GetGraph(name) ?? throw node.Unsupported("lacks a graph", name)).Clone();
        string[] captures = [.. Captures(graph)];
        graph.Input.AddRange(captures.Select(capture => new ValueInfoProto { Name = capture }));
        var compiled = node.Compile(graph);
        return (compiled with { Run = (inputs, device, training) => Named(() => compiled.Run(inputs, device, training)) }, Array.ConvertAll(captures, node.IndexOf));
    }

    /// <summary>What is wrong within is told of the node around it.</summary>
    private static TorchSharp.torch.Tensor[] Named(Func<TorchSharp.torch.Tensor[]> run)
    {
        try
        {
            return run();
        }
        catch (InputException error)
        {
            throw new ArgumentException($"in the graph that it holds: {error.Message}", error);
        }
    }

    private static NodeProto ExposeCaptures(NodeProto node)
    {
        var exposed = node.Clone();
        exposed.Input.AddRange(Held[node.OpType].SelectMany(name => Captures(GraphOf(node, name))).Distinct().Except(node.Input));
        return exposed;
    }

    /// <summary>Names that a graph reads and does not make.</summary>
    private static IEnumerable<string> Captures(GraphProto graph)
    {
        HashSet<string> own =
        [
            .. graph.Input.Select(input => input.Name), .. graph.Initializer.Select(tensor => tensor.Name), .. graph.Node.SelectMany(node => node.Output),
        ];
        return graph.Node.SelectMany(node => Held.ContainsKey(node.OpType) ? ExposeCaptures(node).Input : node.Input)
            .Concat(graph.Output.Select(output => output.Name))
            .Where(name => name.Length > 0 && !own.Contains(name)).Distinct();
    }

    private static GraphProto GraphOf(NodeProto node, string name) =>
        node.Attribute.FirstOrDefault(attribute => attribute.Name == name)?.G ?? new GraphProto();
}
