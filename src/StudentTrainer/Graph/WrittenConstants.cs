using Onnx;
using OnnxKd.Core.Onnx;
using OnnxKd.StudentTrainer.Operators;

namespace OnnxKd.StudentTrainer.Graph;

/// <summary>
/// Tensors that stand where weights do and that nobody learned: their values or their place say that they were written by whoever built the network. Trained, they ruin it: a causal mask
/// lets the future through, a rotation scales, a grid of anchors drifts; and fresh values replace them by others. Named among the parameters to include, they are learned all the same.
/// </summary>
internal static class WrittenConstants
{
    private const double RotationTolerance = 0.02; // of two float16 or bfloat16 numbers
    private const float Masked = -100;             // Swin's; others have -10,000 or the type's lowest

    /// <summary>Finds them.</summary>
    /// <param name="nodes">The graph's nodes, in order.</param>
    /// <param name="tensors">The file's tensors.</param>
    /// <param name="uses">Where each is used.</param>
    /// <param name="outputs">What the graph hands out.</param>
    /// <returns>Their names.</returns>
    public static IReadOnlySet<string> Find(
        IReadOnlyList<NodeProto> nodes, IReadOnlyDictionary<string, TensorProto> tensors, ILookup<string, WeightUse> uses, IReadOnlyList<string> outputs)
    {
        var readers = nodes.SelectMany(node => node.Input.Select(name => (name, node))).ToLookup(pair => pair.name, pair => pair.node, StringComparer.Ordinal);
        var producers = nodes.SelectMany(node => node.Output.Select(name => (name, node))).ToLookup(pair => pair.name, pair => pair.node, StringComparer.Ordinal);
        var found = new HashSet<string>(ScalesOfOutputs(producers, readers, tensors, outputs), StringComparer.Ordinal);
        var tables = new List<(string Name, string Shape, float[] Values)>();
        foreach (var (name, tensor) in tensors.Where(pair => TensorTypes.IsFloat(pair.Value.DataType) && pair.Value.ElementCount() > 1))
        {
            WeightUse[] learned = [.. uses[name].Where(use => use.IsLearned)];
            if (learned.Length == 0)
                continue;
            // Where the file's own values are used; a mask of weights is part of a weight further on.
            WeightUse[] direct = [.. uses[name].Where(use => use.Direct && use.Role != SlotRole.Passed)];
            var isTable = Array.TrueForAll(direct.Length > 0 ? direct : learned, use => use.Role is SlotRole.Operand or SlotRole.Embedding);
            var isMatrix = !isTable && Array.TrueForAll(learned, use => use.Role == SlotRole.Weight);
            float[] values = isTable || isMatrix ? tensor.ToFloats() : [];
            if (isTable && (IsMask(values) || IsCounted(values) || SineTables.Is(values, tensor.Dims)) || isMatrix && IsCount(values)
                || Array.TrueForAll(learned, use => IsAngle(use.Node, readers) || IsFactorOfGroups(use, tensor, producers, readers, tensors)))
                found.Add(name);
            else if (isTable && Array.TrueForAll(values, value => Math.Abs(value) <= 1 + RotationTolerance))
                tables.Add((name, string.Join(',', tensor.Dims), values));
        }
        foreach (var alike in tables.GroupBy(table => table.Shape))
            found.UnionWith(alike.Where(table => alike.Any(other => IsRotation(table.Values, other.Values))).Select(table => table.Name));
        return found;
    }

    /// <summary>0 where one may look, and one far lower number where not.</summary>
    private static bool IsMask(float[] values)
    {
        var lowest = values.Min();
        return lowest <= Masked && values.Contains(0) && Array.TrueForAll(values, value => value == 0 || value == lowest);
    }

    /// <summary>Whole and half numbers, as places, strides, anchors and masks of 0 and 1 are; not what fresh weights are, nor two or three numbers that happen to be.</summary>
    private static bool IsCounted(float[] values) =>
        Array.TrueForAll(values, value => value * 2 == MathF.Truncate(value * 2))
        && (Array.TrueForAll(values, value => value == values[0]) ? Math.Abs(values[0]) >= 2 : values.Length > 3);

    /// <summary>0, 1, 2, …: the kernel or column by which a distribution over distances becomes their mean.</summary>
    private static bool IsCount(float[] values) => values.Length > 3 && values.Select((value, at) => value == at).All(same => same);

    /// <summary>Cosines and sines of the same angles.</summary>
    private static bool IsRotation(float[] first, float[] second) =>
        first.Any(value => value is not (0 or 1)) && first.Zip(second).All(pair => Math.Abs(pair.First * pair.First + pair.Second * pair.Second - 1) < RotationTolerance);

    /// <summary>Whether both the sine and the cosine of a node's result are taken: of frequencies.</summary>
    private static bool IsAngle(NodeProto node, ILookup<string, NodeProto> readers)
    {
        while (true)
        {
            NodeProto[] next = [.. node.Output.SelectMany(output => readers[output]).Distinct()];
            if (next.Any(reader => reader.OpType == "Sin") && next.Any(reader => reader.OpType == "Cos"))
                return true;
            if (next is not [{ OpType: "Concat" or "Transpose" or "Reshape" or "Cast" or "Mul" or "Squeeze" or "Unsqueeze" } only])
                return false;
            node = only;
        }
    }

    /// <summary>
    /// Factors of 1 or biases of 0 that a group normalisation has where an exporter writes it as an instance normalisation over groups, [N, groups, −1]; its own factors are a product
    /// behind it, with a number for each channel.
    /// </summary>
    private static bool IsFactorOfGroups(
        WeightUse use, TensorProto tensor, ILookup<string, NodeProto> producers, ILookup<string, NodeProto> readers, IReadOnlyDictionary<string, TensorProto> tensors)
    {
        var (node, groups) = (use.Node, tensor.ElementCount());
        return node.OpType == "InstanceNormalization" && use.Slot > 0
            && Array.TrueForAll(tensor.ToFloats(), value => value == (use.Slot == 1 ? 1 : 0))
            && producers[node.Input[0]].FirstOrDefault() is { OpType: "Reshape" } grouped
            && tensors.GetValueOrDefault(grouped.Input[1])?.ToLongs() is [_, var axis, -1] && axis == groups
            && readers[node.Output[0]].ToArray() is [{ OpType: "Reshape" } restored]
            && readers[restored.Output[0]].Any(next => next.OpType == "Mul" && next.Input.Any(input => tensors.TryGetValue(input, out var own) && own.ElementCount() > 1));
    }

    /// <summary>A scale, and a place where there is one, behind the last layer with a bias or a bounded activation: units of the values that the network gives.</summary>
    private static IEnumerable<string> ScalesOfOutputs(
        ILookup<string, NodeProto> producers, ILookup<string, NodeProto> readers, IReadOnlyDictionary<string, TensorProto> tensors, IReadOnlyList<string> outputs)
    {
        foreach (var output in outputs)
        {
            var place = Behind(output, "Add");
            var scale = Behind(place?.Other ?? output, "Mul") ?? Behind(place?.Other ?? output, "Div");
            if (scale is null || producers[scale.Value.Other].FirstOrDefault() is not ({ OpType: "Gemm" or "MatMul" or "Conv", Input.Count: 3 } or { OpType: "Sigmoid" or "Tanh" }))
                continue;
            yield return scale.Value.Tensor;
            if (place is not null)
                yield return place.Value.Tensor;
        }

        // The file's tensor beside what a node of that kind works on, which nobody else reads.
        (string Tensor, string Other)? Behind(string name, string op) =>
            producers[name].FirstOrDefault() is not { } node || node.OpType != op ? null
            : tensors.ContainsKey(node.Input[1]) && readers[node.Input[0]].Count() == 1 ? (node.Input[1], node.Input[0])
            : op != "Div" && tensors.ContainsKey(node.Input[0]) && readers[node.Input[1]].Count() == 1 ? (node.Input[0], node.Input[1])
            : null;
    }
}
