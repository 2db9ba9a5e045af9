using Onnx;
using OnnxKd.Core.Onnx;

namespace OnnxKd.StudentTrainer.Graph.Import;

/// <summary>
/// Sets a graph that was exported in training mode to evaluation: whether it trains is the trainer's decision, and what ships is for
/// inference.
/// </summary>
internal static class TrainingMode
{
    /// <summary>Resets flags and drops the outputs that only training has, where no node reads them; branches included.</summary>
    /// <returns>The number of nodes that were changed.</returns>
    public static int Reset(GraphProto graph) => ModelTensors.WithBranches(graph).Sum(part => ResetNodes(part, isBranch: part != graph));

    private static int ResetNodes(GraphProto graph, bool isBranch)
    {
        var index = new GraphIndex(graph);
        var tensors = ModelTensors.Of(graph);
        return graph.Node.Count(node => node switch
        {
            { OpType: "BatchNormalization", Domain: "" or "ai.onnx" } => ResetNormalization(node, index, graph, isBranch),
            { OpType: "Dropout", Domain: "" or "ai.onnx" } => ResetDropout(node, tensors),
            _ => false,
        });
    }

    /// <summary>Before version 14 there is no flag: it trains if it has more outputs than one.</summary>
    private static bool ResetNormalization(NodeProto node, GraphIndex index, GraphProto graph, bool isBranch)
    {
        var mode = node.Attribute.FirstOrDefault(attribute => attribute.Name == "training_mode" && attribute.I != 0);
        if (mode is null && node.Output.Count <= 1)
            return false;
        if (mode is not null)
            mode.I = 0;
        while (node.Output.Count > 1 && index.Consumers(node.Output[^1]).Count == 0)
        {
            var output = graph.Output.FirstOrDefault(output => output.Name == node.Output[^1]);
            if (output is not null && isBranch)
                break; // an If counts the outputs of its branches
            if (output is not null)
                graph.Output.Remove(output);
            node.Output.RemoveAt(node.Output.Count - 1);
        }
        return true;
    }

    private static bool ResetDropout(NodeProto node, Dictionary<string, TensorProto> tensors)
    {
        var isTraining = node.Input.Count > 2 && tensors.TryGetValue(node.Input[2], out var mode) && mode.RawBytes()[0] != 0;
        if (isTraining)
            node.Input.RemoveAt(2);
        return isTraining;
    }
}
