using Onnx;
using OnnxKd.Core.Onnx;
using OnnxKd.StudentTrainer.Operators;

namespace OnnxKd.StudentTrainer.Graph;

/// <summary>
/// Weights in the graphs of an If, a Loop or a Scan: they come to the graph around it, where they are planned like all others. They keep their names, by which
/// export finds them.
/// </summary>
internal static class NestedWeights
{
    /// <summary>Moves tensors of floats that have an axis: what may be a weight.</summary>
    /// <returns>The graph itself if no node holds one.</returns>
    public static GraphProto Lift(GraphProto graph)
    {
        if (!graph.Node.Any(node => NestedGraphs.Of(node).Count > 0))
            return graph;
        var lifted = graph.Clone();
        LiftInto(lifted);
        return lifted;
    }

    private static void LiftInto(GraphProto graph)
    {
        foreach (var inner in graph.Node.SelectMany(NestedGraphs.Of).ToArray())
        {
            LiftInto(inner);
            var taken = graph.Initializer.Select(tensor => tensor.Name).Concat(graph.Node.SelectMany(each => each.Output)).ToHashSet(StringComparer.Ordinal);
            foreach (var (name, tensor) in ModelTensors.Of(inner).Where(entry => TensorTypes.IsFloat(entry.Value.DataType) && entry.Value.Dims.Count > 0 && taken.Add(entry.Key)))
            {
                if (inner.Initializer.FirstOrDefault(initializer => initializer.Name == name) is { } own)
                    inner.Initializer.Remove(own);
                else
                    inner.Node.Remove(inner.Node.First(each => each.Output[0] == name));
                var copy = tensor.Clone();
                copy.Name = name;
                graph.Initializer.Add(copy);
            }
        }
    }
}
