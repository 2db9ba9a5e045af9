using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Operators;

/// <summary>
/// An If whose condition is computed: one of two graphs runs, and its weights get the gradients. (Where the condition is constant, import puts the branch in the
/// If's place.)
/// </summary>
internal static class Branching
{
    private static readonly string[] Names = ["then_branch", "else_branch"];

    /// <summary>The inputs are the condition and then what the branches read from outside.</summary>
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

    /// <summary>Weights come in from outside (<see cref="Graph.NestedWeights"/>): one that stayed would not be learned.</summary>
    private static (NestedGraph Branch, int[] Captures) Compile(NodeContext node, string name)
    {
        var (branch, captures) = NestedGraphs.Compile(node, name);
        return branch.Learned is not [var learned, ..]
            ? (branch, captures)
            : throw node.Unsupported(
                "has a weight in a branch that is not learned there", $"'{learned}' in {name}: another tensor has its name, or it is one number without an axis",
                "export the model with a name of its own for each weight, and an axis");
    }
}
