using Onnx;

namespace OnnxKd.Core.Onnx;

/// <summary>
/// Takes empty names away from the end of nodes' inputs. They say what leaving the inputs out says, but ONNX Runtime follows some of them, such as
/// LayerNormalization's bias, and ends the process.
/// </summary>
internal static class OmittedInputs
{
    /// <summary>Does so in a graph and all graphs within it, which were found valid.</summary>
    public static void Trim(GraphProto graph)
    {
        foreach (var node in graph.Node)
        {
            while (node.Input.Count > 0 && node.Input[^1].Length == 0)
                node.Input.RemoveAt(node.Input.Count - 1);
            foreach (var inner in ModelTraversal.Subgraphs(node))
                Trim(inner);
        }
    }
}
