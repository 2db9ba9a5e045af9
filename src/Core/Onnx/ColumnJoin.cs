using Onnx;

namespace OnnxKd.Core.Onnx;

/// <summary>A Concat behind an output.</summary>
/// <param name="Parts">What it joins.</param>
/// <param name="Axis">Along which axis, the first being 0; negative from the end.</param>
/// <param name="SharesTensor">Whether the last part is cut out of the same tensor as another one, so that where one ends and the other begins is a choice of the model's.</param>
internal sealed record ColumnJoin(IReadOnlyList<string> Parts, int Axis, bool SharesTensor)
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

    private static readonly HashSet<string> Rearranging = ["Identity", "Cast", "Transpose", "Reshape", "Squeeze", "Unsqueeze", "Flatten"];

    private static ColumnJoin Of(GraphIndex index, NodeProto join)
    {
        string?[] sources = [.. join.Input.Select(part => CutFrom(index, part))];
        return new([.. join.Input], (int)(join.Attribute.FirstOrDefault(attribute => attribute.Name == "axis")?.I ?? 1), sources[^1] is not null && sources.SkipLast(1).Contains(sources[^1]));
    }

    /// <summary>The tensor that a part is a slice of; <c>null</c>: of none.</summary>
    private static string? CutFrom(GraphIndex index, string tensor)
    {
        for (var steps = 0; steps < MostSteps && index.Producer(tensor) is { Input.Count: > 0 } node; steps++)
        {
            if (node.OpType is "Split" or "Slice")
                return node.Input[0];
            if (node.OpType is "Conv" or "Gemm" or "MatMul" or "Concat")
                return null;
            tensor = node.Input.FirstOrDefault(input => index.Producer(input) is { OpType: not "Constant" }) ?? node.Input[0];
        }

        return null;
    }
}
