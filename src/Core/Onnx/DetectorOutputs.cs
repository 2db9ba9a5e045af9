using Onnx;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Logits;
using AttributeType = Onnx.AttributeProto.Types.AttributeType;
using DataType = Onnx.TensorProto.Types.DataType;

namespace OnnxKd.Core.Onnx;

/// <summary>A detector's boxes and scores where a file gives them as two outputs.</summary>
internal static class DetectorOutputs
{
    /// <summary>Joins the two into one tensor of floats, a detector head as any other, and adds it to the graph's outputs.</summary>
    /// <param name="graph">The model's; changed.</param>
    /// <param name="boxes">The output that holds the boxes; <c>null</c>: none is named.</param>
    /// <param name="scores">The output that holds the scores.</param>
    /// <param name="classAxis">The axis of the columns, the batch being 0; <c>null</c>: the boxes' only axis of four.</param>
    /// <param name="model">The model's name, for messages.</param>
    /// <returns>The tensor, and the axis of its columns.</returns>
    /// <exception cref="InputException">An output is not named or not there, or the columns' axis is not clear.</exception>
    public static (string Joined, int ClassAxis) Join(GraphProto graph, string? boxes, string scores, int? classAxis, string model)
    {
        if (boxes is null)
            throw new InputException(
                "A detector's boxes and scores are two outputs, and one of them is named.", model, $"scores: {scores}", "both", "add 'output:' with the output that holds the boxes");
        LogitTrace.Find(graph, boxes, model);
        LogitTrace.Find(graph, scores, model);
        var (joined, axis) = ($"{boxes}+{scores}", classAxis ?? AxisOf(graph, boxes, model));
        string[] parts = [AsFloats(boxes, $"{joined}/boxes"), AsFloats(scores, $"{joined}/scores")];
        graph.Node.Add(new NodeProto
        {
            OpType = "Concat", Name = joined, Input = { parts }, Output = { joined }, Attribute = { new AttributeProto { Name = "axis", Type = AttributeType.Int, I = axis } },
        });
        graph.Output.Add(new ValueInfoProto { Name = joined, Type = new() { TensorType = new() { ElemType = (int)DataType.Float } } });
        return (joined, axis);

        string AsFloats(string output, string name)
        {
            if (graph.Output.FirstOrDefault(value => value.Name == output)?.DataTypeOf() == (int)DataType.Float)
                return output;
            graph.Node.Add(new NodeProto
            {
                OpType = "Cast", Name = name, Input = { output }, Output = { name }, Attribute = { new AttributeProto { Name = "to", Type = AttributeType.Int, I = (long)DataType.Float } },
            });
            return name;
        }
    }

    private static int AxisOf(GraphProto graph, string boxes, string model)
    {
        var shape = graph.Output.FirstOrDefault(output => output.Name == boxes)?.ShapeOf() ?? [];
        var axes = Enumerable.Range(0, shape.Count).Where(axis => shape[axis].Size == DetectorForm.BoxColumns).ToArray();
        return axes.Length == 1 ? axes[0] : throw new InputException(
            "It is not clear which axis of a detector's boxes counts their numbers.", $"output '{boxes}' of {model}", $"[{string.Join(", ", shape)}]",
            $"one axis of {DetectorForm.BoxColumns}", "add 'class-axis: 1' or 'class-axis: 2' to the model that it is an output of");
    }
}
