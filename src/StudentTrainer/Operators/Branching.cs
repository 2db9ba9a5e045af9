using Onnx;
using TorchSharp;
using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Operators;

/// <summary>
/// An If whose condition is computed: one of two graphs runs. (Where the condition is constant, import puts the branch in the If's place.)
/// </summary>
internal static class Branching
{
    private static readonly string[] Names = ["then_branch", "else_branch"];

    /// <summary>The inputs are the condition and then what <see cref="ExposeCaptures(GraphProto)"/> lists.</summary>
    public static Kernel If(NodeContext node)
    {
        var branches = Array.ConvertAll(Names, name => Compile(node, name));
        return x =>
        {
            var (branch, captures) = branches[x[0].cpu().item<bool>() ? 0 : 1];
            var inputs = Array.ConvertAll(captures, slot => x[slot]);
            return branch.Run(inputs, inputs.FirstOrDefault()?.device ?? CPU, x.Training);
        };
    }

    /// <summary>The graph with Ifs that list what their branches read from outside as further inputs; itself if it has none.</summary>
    public static GraphProto ExposeCaptures(GraphProto graph)
    {
        if (graph.Node.All(node => node.OpType != "If"))
            return graph;
        var exposed = graph.Clone();
        for (var i = 0; i < exposed.Node.Count; i++)
        {
            if (exposed.Node[i].OpType == "If")
                exposed.Node[i] = ExposeCaptures(exposed.Node[i]);
        }
        return exposed;
    }

    private static NodeProto ExposeCaptures(NodeProto node)
    {
        var exposed = node.Clone();
        exposed.Input.AddRange(Names.SelectMany(name => Captures(BranchOf(node, name))).Distinct().Except(node.Input));
        return exposed;
    }

    private static (NestedGraph Branch, int[] Captures) Compile(NodeContext node, string name)
    {
        var branch = (node.Attributes.GetGraph(name) ?? throw node.Unsupported("lacks a branch", name)).Clone();
        string[] captures = [.. Captures(branch)];
        branch.Input.AddRange(captures.Select(capture => new ValueInfoProto { Name = capture }));
        var compiled = node.Compile(branch);
        if (compiled.Learned is [var learned, ..])
            throw node.Unsupported(
                "is supported with weights in its branches only if its condition is constant",
                $"'{learned}' in {name}", "export the model for one of the cases");
        return (compiled, Array.ConvertAll(captures, node.IndexOf));
    }

    /// <summary>Names that a branch reads and does not make.</summary>
    private static IEnumerable<string> Captures(GraphProto branch)
    {
        HashSet<string> own = [.. branch.Initializer.Select(tensor => tensor.Name), .. branch.Node.SelectMany(node => node.Output)];
        return branch.Node.SelectMany(node => node.OpType == "If" ? ExposeCaptures(node).Input : node.Input)
            .Concat(branch.Output.Select(output => output.Name))
            .Where(name => name.Length > 0 && !own.Contains(name)).Distinct();
    }

    private static GraphProto BranchOf(NodeProto node, string name) =>
        node.Attribute.FirstOrDefault(attribute => attribute.Name == name)?.G ?? new GraphProto();
}
