using Onnx;

namespace OnnxKd.Core.Onnx;

/// <summary>A Concat behind an output.</summary>
/// <param name="Parts">What it joins.</param>
/// <param name="Axis">Along which axis, the first being 0; negative from the end.</param>
/// <param name="SharesTensor">Whether the last part is cut out of the same tensor as another one, so that where one ends and the other begins is a choice of the model's.</param>
/// <param name="Layers">For each part the layer that gives it as it is; <c>null</c>: there is arithmetic between the two.</param>
internal sealed record ColumnJoin(IReadOnlyList<string> Parts, int Axis, bool SharesTensor, IReadOnlyList<LastLayer?> Layers)
{
    /// <summary>Finds the joins behind a tensor, the outermost first: through what only rearranges, and on through the first part of each join.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="tensor">The tensor.</param>
    public static IReadOnlyList<ColumnJoin> Behind(GraphProto graph, string tensor)
    {
        var (index, joins) = (new GraphIndex(graph), new List<ColumnJoin>());
        for (var steps = 0; steps < MostSteps && index.Producer(tensor) is { Input.Count: > 0 } node; steps++)
        {
            if (node.OpType == "Concat")
                joins.Add(Of(index, node));
            else if (!Rearranging.Contains(node.OpType))
                break;
            tensor = node.Input[0];
        }

        return joins;
    }

    private const int MostSteps = 16;
    private const int MostNodes = 256;

    /// <summary>What only moves values, apart from what cuts.</summary>
    internal static readonly HashSet<string> Rearranging = ["Identity", "Cast", "Transpose", "Reshape", "Squeeze", "Unsqueeze", "Flatten"];

    private static readonly HashSet<string> Cutting = ["Split", "Slice", "Gather"];

    private static ColumnJoin Of(GraphIndex index, NodeProto join)
    {
        var sources = join.Input.SkipLast(1).SelectMany(part => CutFrom(index, part)).ToHashSet(StringComparer.Ordinal);
        return new(
            [.. join.Input], (int)(join.Attribute.FirstOrDefault(attribute => attribute.Name == "axis")?.I ?? 1),
            sources.Overlaps(CutFrom(index, join.Input[^1])), [.. join.Input.Select(part => LastLayer.Behind(index, part))]);
    }

    /// <summary>The tensors that a part is cut out of, one from another: up to where a layer makes what is cut.</summary>
    private static HashSet<string> CutFrom(GraphIndex index, string part)
    {
        var (cut, seen, open) = (new HashSet<string>(StringComparer.Ordinal), new HashSet<string>(StringComparer.Ordinal), new Queue<string>([part]));
        while (open.TryDequeue(out var tensor) && seen.Count < MostNodes)
        {
            if (!seen.Add(tensor) || index.Producer(tensor) is not { Input.Count: > 0 } node || node.OpType is "Conv" or "ConvTranspose" or "Gemm" or "MatMul" or "Shape")
                continue;
            if (Cutting.Contains(node.OpType))
                cut.Add(node.Input[0]);
            // Of what only moves values, the other inputs say where to.
            foreach (var input in Cutting.Contains(node.OpType) || Rearranging.Contains(node.OpType) ? node.Input.Take(1) : node.Input)
                open.Enqueue(input);
        }

        return cut;
    }
}
