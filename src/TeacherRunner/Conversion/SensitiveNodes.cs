using Onnx;

namespace OnnxKd.TeacherRunner.Conversion;

/// <summary>What a node does to the outputs where it computes in float16.</summary>
/// <param name="Node">Its name, or that of its first output.</param>
/// <param name="Operator">Its operator.</param>
/// <param name="Effect">The largest relative error of an output.</param>
/// <param name="Kept">Whether it was left in float32.</param>
/// <param name="Together">How many nodes were measured together, of which it is one: all others were in float32.</param>
public sealed record NodeEffect(string Node, string Operator, double Effect, bool Kept, int Together = 1);

/// <summary>
/// Finds which nodes of a model to leave in float32. Where all of them together in float16 stay within the tolerance, that is all. Else a stretch of nodes is measured
/// with it alone in float16, and halved where its effect is more than its share of the tolerance; what is left of that, mostly single nodes, is kept, the largest effects
/// first and as few as the tolerance asks for.
/// </summary>
/// <param name="conversion">The model.</param>
/// <param name="measure">The largest relative error of a model's outputs, on real samples.</param>
/// <param name="onNode">Told of how many nodes it is known what they do, of how many.</param>
internal sealed class SensitiveNodes(MixedFloat16 conversion, Func<ModelProto, double> measure, Action<int, int>? onNode = null)
{
    private readonly List<(ArraySegment<int> Nodes, double Effect)> stretches = [];

    /// <summary>Finds them.</summary>
    /// <param name="tolerance">The relative error that is allowed.</param>
    /// <returns>The converted model, and the nodes' effects, the largest first.</returns>
    public (ModelProto Model, IReadOnlyList<NodeEffect> Effects) Find(double tolerance)
    {
        if (conversion.Candidates.Count > 0)
            Divide(conversion.Candidates.ToArray(), tolerance);
        var effects = stretches.OrderByDescending(stretch => stretch.Effect).ThenBy(stretch => stretch.Nodes[0]).ToArray();

        // With more kept the error hardly ever grows, so that few tries find the fewest.
        var (few, many) = (0, effects.Length);
        while (few < many)
        {
            var kept = (few + many) / 2;
            if (measure(Keep(kept)) <= tolerance)
                many = kept;
            else
                few = kept + 1;
        }
        return (Keep(many), [.. effects.SelectMany((stretch, i) => stretch.Nodes.Select(node => Describe(conversion.Nodes[node], stretch.Effect, i < many, stretch.Nodes.Count)))]);

        ModelProto Keep(int count) => conversion.Convert(effects.Take(count).SelectMany(stretch => stretch.Nodes).ToHashSet());
    }

    /// <summary>Errors of independent nodes add up as their squares, so a stretch may have the root of its share of the nodes.</summary>
    private void Divide(ArraySegment<int> nodes, double tolerance)
    {
        var effect = measure(conversion.Convert(conversion.Candidates.Except(nodes).ToHashSet()));
        if (nodes.Count == 1 || effect <= tolerance * Math.Sqrt((double)nodes.Count / conversion.Candidates.Count))
        {
            stretches.Add((nodes, effect));
            onNode?.Invoke(stretches.Sum(stretch => stretch.Nodes.Count), conversion.Candidates.Count);
            return;
        }
        var half = nodes.Count / 2;
        Divide(nodes[..half], tolerance);
        Divide(nodes[half..], tolerance);
    }

    /// <summary>A node's effect.</summary>
    /// <param name="node">The node.</param>
    /// <param name="effect">The largest relative error of an output.</param>
    /// <param name="isKept">Whether it stays in float32.</param>
    /// <param name="together">How many nodes were measured together.</param>
    public static NodeEffect Describe(NodeProto node, double effect, bool isKept, int together = 1) =>
        new(node.Name.Length > 0 ? node.Name : node.Output[0], node.OpType, effect, isKept, together);
}
