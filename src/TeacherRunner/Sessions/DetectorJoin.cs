using Onnx;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Logits;
using OnnxKd.Core.Onnx;
using DataType = Onnx.TensorProto.Types.DataType;

namespace OnnxKd.TeacherRunner.Sessions;

/// <summary>Joins a detector's boxes and scores, two outputs of its file, into one tensor: a head as any other.</summary>
internal static class DetectorJoin
{
    /// <summary>Adds the tensor, as an output of the graph.</summary>
    /// <param name="graph">The model's; changed.</param>
    /// <param name="reading">What is wanted: the boxes, and the scores.</param>
    /// <param name="model">The model's name, for messages.</param>
    /// <returns>What is wanted of the graph then.</returns>
    /// <exception cref="InputException">An output is not named or not there, or the columns' axis is not clear.</exception>
    public static ModelReading Apply(GraphProto graph, ModelReading reading, string model)
    {
        if (reading.Scores is not { } scores)
            return reading;
        var boxes = reading.Tensor ?? throw new InputException(
            "A detector's boxes and scores are two outputs, and one of them is named.", model, $"scores: {scores}", "both", "add 'output:' with the output that holds the boxes");
        LogitTrace.Find(graph, boxes, model);
        LogitTrace.Find(graph, scores, model);
        var joined = $"{boxes}+{scores}";
        // Of whatever type the two are.
        graph.Node.Add(GraphEdits.Cast(boxes, $"{joined}/boxes", DataType.Float));
        graph.Node.Add(GraphEdits.Cast(scores, $"{joined}/scores", DataType.Float));
        graph.Node.Add(GraphEdits.Node(
            "Concat", [$"{joined}/boxes", $"{joined}/scores"], joined, GraphEdits.Integer("axis", AxisOf(graph, boxes, reading.ClassAxis, model))));
        graph.Output.Add(GraphEdits.FloatTensor(joined));
        return reading with { Tensor = joined, Kind = OutputKind.Detector };
    }

    /// <summary>What a session sees of the two.</summary>
    /// <param name="graph">The model's, as it was read.</param>
    /// <param name="reading">What was wanted.</param>
    /// <param name="joined">The interface with both as one.</param>
    public static InterfaceOutput? Apart(GraphProto graph, ModelReading reading, InterfaceOutput? joined)
    {
        if (reading.Scores is null || joined is null)
            return joined;
        var outputs = graph.Output.Where(output => output.Name == reading.Tensor || output.Name == reading.Scores).ToArray();
        return outputs.Length == 2 && TensorTypes.TryElementType(outputs[0].DataTypeOf(), out var type) && outputs[0].DataTypeOf() == outputs[1].DataTypeOf()
            ? joined with { Name = reading.Tensor!, Scores = reading.Scores, Type = type }
            : null;
    }

    private static long AxisOf(GraphProto graph, string boxes, int? given, string model)
    {
        if (given is { } named)
            return named;
        var shape = graph.Output.FirstOrDefault(output => output.Name == boxes)?.ShapeOf() ?? [];
        var axes = Enumerable.Range(0, shape.Count).Where(axis => shape[axis].Size == DetectorForm.BoxColumns).ToArray();
        return axes.Length == 1 ? axes[0] : throw new InputException(
            "It is not clear which axis of a detector's boxes counts their numbers.", $"output '{boxes}' of {model}", $"[{string.Join(", ", shape)}]",
            $"one axis of {DetectorForm.BoxColumns}", "add 'class-axis: 1' or 'class-axis: 2' to the teacher");
    }
}
