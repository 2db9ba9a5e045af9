using Google.Protobuf;
using Onnx;
using OnnxKd.TeacherRunner.Deployment;

namespace OnnxKd.TeacherRunner.Conversion;

/// <summary>What a node does to the outputs where it alone computes in float16.</summary>
/// <param name="Node">Its name, or that of its first output.</param>
/// <param name="Operator">Its operator.</param>
/// <param name="Effect">The largest relative error of an output.</param>
/// <param name="Kept">Whether it was left in float32.</param>
public sealed record NodeEffect(string Node, string Operator, double Effect, bool Kept);

/// <summary>
/// Finds which nodes of a model to leave in float32: each node's effect is measured with it alone in float16; then those with the largest effects
/// are kept, as few as the tolerance asks for.
/// </summary>
/// <param name="conversion">The model.</param>
/// <param name="measure">The largest relative error of a model's outputs, on real samples.</param>
/// <param name="onNode">Told how many nodes are measured, of how many.</param>
internal sealed class SensitiveNodes(MixedFloat16 conversion, Func<ModelProto, double> measure, Action<int, int>? onNode = null)
{
    /// <summary>Finds them.</summary>
    /// <param name="tolerance">The relative error that is allowed.</param>
    /// <returns>The converted model, and each node's effect, the largest first.</returns>
    public (ModelProto Model, IReadOnlyList<NodeEffect> Effects) Find(double tolerance)
    {
        var all = conversion.Candidates.ToHashSet();
        var effects = new List<(int Node, double Effect)>();
        foreach (var node in conversion.Candidates)
        {
            effects.Add((node, measure(conversion.Convert(all.Where(other => other != node).ToHashSet()))));
            onNode?.Invoke(effects.Count, all.Count);
        }
        effects = [.. effects.OrderByDescending(effect => effect.Effect).ThenBy(effect => effect.Node)];

        // With more kept the error hardly ever grows, so that few tries find the fewest.
        var (few, many) = (0, effects.Count);
        while (few < many)
        {
            var kept = (few + many) / 2;
            if (measure(Keep(kept)) <= tolerance)
                many = kept;
            else
                few = kept + 1;
        }
        return (Keep(many), [.. effects.Select((effect, i) => Describe(effect.Node, effect.Effect, i < many))]);

        ModelProto Keep(int count) => conversion.Convert(effects.Take(count).Select(effect => effect.Node).ToHashSet());
    }

    private NodeEffect Describe(int place, double effect, bool kept)
    {
        var node = conversion.Nodes[place];
        return new(node.Name.Length > 0 ? node.Name : node.Output[0], node.OpType, effect, kept);
    }
}
