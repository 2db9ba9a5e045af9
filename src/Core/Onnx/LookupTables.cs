using Onnx;

namespace OnnxKd.Core.Onnx;

/// <summary>A table of which integers name the rows, as token ids do.</summary>
/// <param name="Name">The tensor.</param>
/// <param name="Rows">How many rows it has: ids are 0 to one less.</param>
internal sealed record LookupTable(string Name, long Rows);

/// <summary>Finds the tables that an input of a model looks up.</summary>
internal static class LookupTables
{
    // What hands on the same numbers, in another shape or type.
    private static readonly HashSet<string> passing = ["Cast", "Flatten", "Identity", "Reshape", "Squeeze", "Transpose", "Unsqueeze"];

    // What hands on ids, each of them as another id: with an offset, within limits, as a remainder.
    private static readonly HashSet<string> shifting = ["Abs", "Add", "Clip", "Max", "Min", "Mod", "Sub", "Where"];

    // What hands on some columns.
    private static readonly HashSet<string> selecting = ["Gather", "Slice", "Split"];

    // What hands on a table with as many rows.
    private static readonly HashSet<string> wrapping = ["Cast", "DequantizeLinear", "Identity"];

    /// <summary>The table with the fewest rows among those that an input looks up: it says which ids the model knows.</summary>
    /// <param name="graph">The model's graph, with its own inputs.</param>
    /// <param name="input">An input of integers.</param>
    /// <returns><c>null</c>: it looks up none whose size is in the file.</returns>
    public static LookupTable? Smallest(GraphProto graph, string input)
    {
        var (index, found) = (new GraphIndex(graph), new List<LookupTable>());
        var (open, seen) = (new Queue<string>([input]), new HashSet<string>(StringComparer.Ordinal) { input });
        while (open.TryDequeue(out var tensor))
            foreach (var node in index.Consumers(tensor))
            {
                if (TableOf(node, tensor) is var (name, axis) && RowsOf(name, axis, index) is { } rows)
                    found.Add(new(name, rows));
                if (passing.Contains(node.OpType) && node.Input[0] == tensor || IsReordering(node, tensor))
                    foreach (var output in node.Output.Where(seen.Add))
                        open.Enqueue(output);
            }
        return found.MinBy(table => table.Rows);
    }

    /// <summary>Whether whole numbers are ids of something, which a model looks up, and no amounts that it computes with.</summary>
    /// <param name="graph">The model's graph, with its own inputs.</param>
    /// <param name="input">An input of integers.</param>
    /// <returns>Also so where an operator takes them of which nothing is known. Of some columns alone: not, if others become floats.</returns>
    public static bool AreIds(GraphProto graph, string input)
    {
        var (index, ofColumns, areAmounts) = (new GraphIndex(graph), false, false);
        var (open, seen) = (new Queue<(string Tensor, bool IsPart)>([(input, false)]), new HashSet<string>(StringComparer.Ordinal) { input });
        while (open.TryDequeue(out var at))
            foreach (var node in index.Consumers(at.Tensor))
            {
                var isFirst = node.Input[0] == at.Tensor;
                if (TableOf(node, at.Tensor) is not null || isFirst && node.OpType is "OneHot" or "OneHotEncoder" || node.Domain is not ("" or "ai.onnx" or "ai.onnx.ml"))
                {
                    if (!at.IsPart)
                        return true;
                    ofColumns = true;
                }
                areAmounts |= node.OpType == "Cast" && TensorTypes.IsFloat((int)new Attributes(node).GetInt("to", 0));
                var selects = isFirst && selecting.Contains(node.OpType);
                if (selects || isFirst && passing.Contains(node.OpType) || shifting.Contains(node.OpType) || IsReordering(node, at.Tensor))
                    foreach (var output in node.Output.Where(seen.Add))
                        open.Enqueue((output, at.IsPart || selects));
            }
        return ofColumns && !areAmounts;
    }

    /// <summary>The table that a node looks ids up in, and the axis that they count; <c>null</c>: it looks none up.</summary>
    private static (string Name, long Axis)? TableOf(NodeProto node, string ids) => (node.OpType, Place: node.Input.IndexOf(ids), node.Input.Count) switch
    {
        ("Gather", 1, _) => (node.Input[0], new Attributes(node).GetInt("axis", 0)),
        ("GatherBlockQuantized", 1, _) => (node.Input[0], new Attributes(node).GetInt("gather_axis", 0)),
        ("EmbedLayerNormalization" or "QEmbedLayerNormalization", 0, > 2) => (node.Input[2], 0),
        ("EmbedLayerNormalization" or "QEmbedLayerNormalization", 1, > 4) => (node.Input[4], 0),
        _ => null,
    };

    /// <summary>Whether a node puts a tensor's numbers into other places of the same tensor.</summary>
    private static bool IsReordering(NodeProto node, string tensor) => node is { OpType: "ScatterElements", Input.Count: 3 } && node.Input[0] == tensor && node.Input[2] == tensor;

    private static long? RowsOf(string table, long axis, GraphIndex index)
    {
        while (index.Producer(table) is { Input.Count: > 0 } node && wrapping.Contains(node.OpType))
            table = node.Input[0];
        var tensor = index.Initializers.GetValueOrDefault(table)
            ?? (index.Producer(table) is { OpType: "Constant" } constant ? constant.Attribute.FirstOrDefault(attribute => attribute.Name == "value")?.T : null);
        var at = axis < 0 ? axis + tensor?.Dims.Count : axis;
        return tensor is not null && at >= 0 && at < tensor.Dims.Count ? tensor.Dims[(int)at] : null;
    }
}
