using OnnxKd.StudentTrainer.Operators;

namespace OnnxKd.StudentTrainer.Graph;

/// <summary>
/// Joins a node with the Relu that alone reads its result, where one step can do both: a Relu of its own fetches the result from memory
/// again, and its gradient too.
/// </summary>
internal static class ReluJoining
{
    /// <summary>Joins what can be.</summary>
    /// <param name="nodes">The nodes, in order.</param>
    /// <param name="outputs">What is handed out.</param>
    /// <returns>The nodes that are left, in order.</returns>
    public static IReadOnlyList<PlannedNode> Apply(IReadOnlyList<PlannedNode> nodes, IReadOnlyList<string> outputs)
    {
        var readers = nodes.SelectMany(node => node.Inputs.Distinct().Select(name => (Name: name, Reader: node)))
            .ToLookup(use => use.Name, use => use.Reader);
        var joined = new HashSet<PlannedNode>(ReferenceEqualityComparer.Instance);
        var result = new List<PlannedNode>();
        foreach (var node in nodes.Where(node => !joined.Contains(node)))
        {
            var name = node.Node.Output[0];
            if (node.Operator.CompileWithRelu is { } compile && !outputs.Contains(name) && readers[name].ToList() is [{ Operator.Name: "Relu" } relu])
            {
                joined.Add(relu);
                var whole = node.Node.Clone();
                whole.Output[0] = relu.Node.Output[0];
                result.Add(node with { Node = whole, Operator = node.Operator with { Compile = compile } });
            }
            else
            {
                result.Add(node);
            }
        }
        return result;
    }
}
