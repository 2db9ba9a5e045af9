using Onnx;
using OnnxKd.Core.Onnx;

namespace OnnxKd.StudentTrainer.Graph.Import;

/// <summary>
/// Sets a graph that was exported in training mode to evaluation: whether it trains is the trainer's decision, and what ships is for inference.
/// </summary>
internal static class TrainingMode
{
    /// <summary>Resets flags and drops the outputs that only training has, where nothing reads them.</summary>
    /// <returns>The number of nodes that were changed.</returns>
    public static int Reset(GraphProto graph)
    {
        var index = new GraphIndex(graph);
        var tensors = ModelTensors.Of(graph);
        return graph.Node.Count(node => node switch
        {
            { OpType: "BatchNormalization", Domain: "" or "ai.onnx" } => ResetNormalization(node, index, graph),
            { OpType: "Dropout", Domain: "" or "ai.onnx" } => ResetDropout(node, tensors),
            _ => false,
        });
    }

    private static bool ResetNormalization(NodeProto node, GraphIndex index, GraphProto graph)
    {
        if (node.Attribute.FirstOrDefault(attribute => attribute.Name == "training_mode" && attribute.I != 0) is not { } mode)
            return false;
        mode.I = 0;
        while (node.Output.Count > 1 && index.Consumers(node.Output[^1]).Count == 0 && graph.Output.All(output => output.Name != node.Output[^1]))
            node.Output.RemoveAt(node.Output.Count - 1);
        return true;
    }

    private static bool ResetDropout(NodeProto node, Dictionary<string, TensorProto> tensors)
    {
        var isTraining = node.Input.Count > 2 && tensors.TryGetValue(node.Input[2], out var mode) && mode.ToBytes()[0] != 0;
        if (isTraining)
            node.Input.RemoveAt(2);
        return isTraining;
    }
}
