using Onnx;

namespace OnnxKd.Core.Onnx;

/// <summary>
/// Takes empty names away from the end of nodes' inputs. They say what leaving the inputs out says, but ONNX Runtime follows some of them, such as
/// LayerNormalization's bias, and ends the process.
/// </summary>
internal static class OmittedInputs
{
    /// <summary>Does so in a graph and all graphs within it, which were found valid.</summary>
    /// <returns>Whether there were any.</returns>
    public static bool Trim(GraphProto graph)
    {
        var found = false;
        foreach (var node in graph.Node)
        {
            while (node.Input.Count > 0 && node.Input[^1].Length == 0)
            {
                node.Input.RemoveAt(node.Input.Count - 1);
                found = true;
            }
            foreach (var inner in ModelTraversal.Subgraphs(node))
                found |= Trim(inner);
        }
        return found;
    }
}
