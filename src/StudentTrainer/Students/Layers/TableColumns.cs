using OnnxKd.Core.Onnx;
using OnnxKd.Core.Tensors;

namespace OnnxKd.StudentTrainer.Students.Layers;

/// <summary>Named inputs of samples as columns of one matrix.</summary>
internal static class TableColumns
{
    /// <summary>
    /// Numbers as they are; for each text of a column 0 or 1, or, with an embedding, some learned numbers that stand for the text. All are 0 for a text that was
    /// never seen.
    /// </summary>
    /// <param name="graph">The graph.</param>
    /// <param name="sample">One sample.</param>
    /// <param name="embedding">Learned numbers for each text; 0: none.</param>
    /// <returns>[N, columns].</returns>
    public static Value Columns(this GraphBuilder graph, SampleShape sample, int embedding = 0)
    {
        Value[] columns =
        [
            .. sample.Parts.Select(part => !part.IsText ? graph.Input(part, ElementType.Float32, part.Elements)
                : embedding > 0 ? Embedded(graph, part, embedding) : Texts(graph, part)),
        ];
        return columns.Length == 1 ? columns[0] : graph.Concat("columns", 1, columns.Sum(column => column.Size(1)), columns);
    }

    private static Value Texts(GraphBuilder graph, SamplePart part)
    {
        var (name, number) = ($"encoded/{part.Name}", graph.Input(part, ElementType.Int64, 1));
        long[] all = [.. Enumerable.Range(0, part.Texts.Count).Select(i => (long)i)];
        var equal = graph.Node("Equal", $"{name}.equal", ["N", all.Length], [number, graph.Integers($"{name}.texts", all)]);
        return Floats(graph, name, equal);
    }

    /// <summary>What is no number of a text becomes the nearest, for the table to have a row, and then 0.</summary>
    private static Value Embedded(GraphBuilder graph, SamplePart part, int width)
    {
        var (name, number) = ($"embedded/{part.Name}", graph.Input(part, ElementType.Int64, 1));
        var row = graph.Node("Clip", $"{name}.row", number.Shape, [number, graph.Integer("first-text", 0), graph.Integer($"{name}.last", part.Texts.Count - 1)]);
        // As large as standardised numbers beside it, more or less.
        var table = graph.Weight($"{name}.weight", Initial.Uniform, 1, part.Texts.Count, width);
        var vector = graph.Reshape($"{name}.vector", graph.Gather($"{name}.gathered", table, row), -1, width);
        return graph.Binary("Mul", name, vector, Floats(graph, $"{name}.known", graph.Binary("Equal", $"{name}.is-known", number, row)));
    }

    private static Value Floats(GraphBuilder graph, string name, Value marks) =>
        graph.Node("Cast", name, marks.Shape, [marks], NodeAttribute.Int("to", ElementType.Float32.ToDataType()));
}
