using Onnx;
using OnnxKd.Core.Onnx;
using OnnxKd.StudentTrainer.Operators;

namespace OnnxKd.StudentTrainer.Graph;

/// <summary>Weights in the body of a Loop or a Scan: they come to the graph around it, where they are planned like all others. They keep their names, by which export finds them.</summary>
internal static class RepeatedWeights
{
    /// <summary>Moves tensors of floats that have an axis: what may be a weight.</summary>
    /// <returns>The graph itself if there is nothing that repeats.</returns>
    public static GraphProto Lift(GraphProto graph)
    {
        if (!graph.Node.Any(NestedGraphs.IsRepeated))
            return graph;
        var lifted = graph.Clone();
        LiftInto(lifted);
        return lifted;
    }

    private static void LiftInto(GraphProto graph)
    {
        foreach (var node in graph.Node.Where(NestedGraphs.IsRepeated).ToArray())
        {
            var body = NestedGraphs.BodyOf(node);
            LiftInto(body);
            var taken = graph.Initializer.Select(tensor => tensor.Name).Concat(graph.Node.SelectMany(each => each.Output)).ToHashSet(StringComparer.Ordinal);
            foreach (var (name, tensor) in ModelTensors.Of(body).Where(entry => TensorTypes.IsFloat(entry.Value.DataType) && entry.Value.Dims.Count > 0 && taken.Add(entry.Key)))
            {
                if (body.Initializer.FirstOrDefault(initializer => initializer.Name == name) is { } own)
                    body.Initializer.Remove(own);
                else
                    body.Node.Remove(body.Node.First(each => each.Output[0] == name));
                var copy = tensor.Clone();
                copy.Name = name;
                graph.Initializer.Add(copy);
            }
        }
    }
}
