using Onnx;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Onnx;

namespace OnnxKd.TeacherRunner.Sessions;

/// <summary>
/// Finds nodes that draw numbers anew in each run, or normalise by whatever samples run together. A cache would hold one throw of their dice as what the
/// teacher says; most often the model was exported while it was in training mode.
/// </summary>
internal static class RandomNodes
{
    private static readonly HashSet<string> Drawing = ["RandomNormal", "RandomNormalLike", "RandomUniform", "RandomUniformLike", "Multinomial", "Bernoulli"];

    /// <summary>Refuses a graph in which a tensor depends on one.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="tensors">What is read.</param>
    /// <param name="model">The model's name, for messages.</param>
    /// <exception cref="UnsupportedModelException">There is one.</exception>
    public static void Refuse(GraphProto graph, IEnumerable<string> tensors, string model)
    {
        var index = new GraphIndex(graph);
        var (open, seen) = (new Stack<string>(tensors), new HashSet<NodeProto>(ReferenceEqualityComparer.Instance));
        while (open.TryPop(out var tensor))
        {
            if (index.Producer(tensor) is not { } node || !seen.Add(node))
                continue;
            foreach (var each in WithBranches(node))
            {
                if (each is { OpType: "BatchNormalization", Domain: "" or "ai.onnx" } && each.Attribute.Any(attribute => attribute is { Name: "training_mode", I: not 0 }))
                    throw DependsOnBatch($"node '{each.Name}' ({each.OpType}) of {model}", "it normalises by the samples that run together (training_mode: 1)");
                if (Draws(each, index))
                    throw new UnsupportedModelException(
                        "The model answers otherwise each time it runs, so it has no answer to learn from.", $"node '{each.Name}' ({each.OpType}) of {model}",
                        "it draws random numbers", "the same answer for the same sample",
                        "export the model in evaluation mode (model.eval()), without dropout and noise; or name a tensor that does not depend on the node (output: in a recipe)");
                foreach (var input in each.Input)
                    open.Push(input);
            }
        }
    }

    /// <summary>The refusal of a model whose answers are none of a sample alone.</summary>
    /// <param name="where">Where that shows.</param>
    /// <param name="found">How.</param>
    public static UnsupportedModelException DependsOnBatch(string where, string found) => new(
        "The model's answer for a sample depends on the samples beside it, so it has no answer to learn from.", where, found, "the same answer for the same sample",
        "export the model in evaluation mode (model.eval()), without means or ranges over the batch; or name a tensor that does not depend on them (output: in a recipe)");

    /// <summary>A node, and all in its branches, whose inputs may come from outside.</summary>
    private static IEnumerable<NodeProto> WithBranches(NodeProto node) =>
        ModelTraversal.Subgraphs(node).SelectMany(graph => graph.Node).SelectMany(WithBranches).Prepend(node);

    private static bool Draws(NodeProto node, GraphIndex index) => OperatorSets.IsOwn(node.Domain)
        && (Drawing.Contains(node.OpType) || node is { OpType: "Dropout", Input: [_, _, var mode, ..] } && IsTrue(mode, index));

    private static bool IsTrue(string tensor, GraphIndex index) =>
        (index.Initializers.GetValueOrDefault(tensor) ?? (index.Producer(tensor) is { OpType: "Constant", Attribute: [{ T: { } value }] } ? value : null)) is { } known
        && (known.RawData is [not 0, ..] || known.Int32Data is [not 0, ..]);
}
