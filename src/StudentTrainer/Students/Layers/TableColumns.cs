using OnnxKd.Core.Onnx;
using OnnxKd.Core.Tensors;

namespace OnnxKd.StudentTrainer.Students.Layers;

/// <summary>Named inputs of samples as columns of one matrix.</summary>
internal static class TableColumns
{
    /// <summary>Numbers as they are; for each text of a column 0 or 1, all 0 for one that was never seen.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="sample">One sample.</param>
    /// <returns>[N, columns].</returns>
    public static Value Columns(this GraphBuilder graph, SampleShape sample)
    {
        Value[] columns = [.. sample.Parts.Select(part => part.IsText ? Texts(graph, part) : graph.Input(part, ElementType.Float32, part.Elements))];
        return columns.Length == 1 ? columns[0] : graph.Concat("columns", 1, columns.Sum(column => column.Size(1)), columns);
    }

    private static Value Texts(GraphBuilder graph, SamplePart part)
    {
        var (name, number) = ($"encoded/{part.Name}", graph.Input(part, ElementType.Int64, 1));
        long[] all = [.. Enumerable.Range(0, part.Texts.Count).Select(i => (long)i)];
        var equal = graph.Node("Equal", $"{name}.equal", ["N", all.Length], [number, graph.Integers($"{name}.texts", all)]);
        return graph.Node("Cast", name, equal.Shape, [equal], NodeAttribute.Int("to", ElementType.Float32.ToDataType()));
    }
}
