using Onnx;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Onnx;
using AttributeType = Onnx.AttributeProto.Types.AttributeType;
using DataType = Onnx.TensorProto.Types.DataType;

namespace OnnxKd.Core.Logits;

/// <summary>A detector's boxes and scores where a file gives them as two outputs.</summary>
internal static class DetectorOutputs
{
    /// <summary>Joins the two into one tensor of floats, a detector head as any other, and adds it to the graph's outputs.</summary>
    /// <param name="graph">The model's; changed.</param>
    /// <param name="boxes">The output that holds the boxes; <c>null</c>: none is named.</param>
    /// <param name="scores">The output that holds the scores.</param>
    /// <param name="classAxis">The axis of the columns, the batch being 0; <c>null</c>: the boxes' only axis of four.</param>
    /// <param name="model">The model's name, for messages.</param>
    /// <param name="dimsOf">The lengths of a tensor after the batch axis, where none are declared; <c>null</c>: they are not known.</param>
    /// <returns>The tensor, and the axis of its columns.</returns>
    /// <exception cref="InputException">An output is not named or not there, or the columns' axis is not clear.</exception>
    public static (string Joined, int ClassAxis) Join(GraphProto graph, string? boxes, string scores, int? classAxis, string model, Func<string, IReadOnlyList<long>>? dimsOf = null)
    {
        if (boxes is null)
            throw new InputException(
                "A detector's boxes and scores are two outputs, and one of them is named.", model, $"scores: {scores}", "both", "add 'output:' with the output that holds the boxes");
        LogitTrace.Find(graph, boxes, model);
        LogitTrace.Find(graph, scores, model);
        var (joined, axis) = ($"{boxes}+{scores}", classAxis ?? AxisOf(graph, boxes, model, dimsOf));
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

    /// <summary>The axis of four, the batch being 0, of lengths behind the batch axis; <c>null</c>: there is none, or several.</summary>
    public static int? AxisOf(IReadOnlyList<long> dims) => dims.Index().Where(axis => axis.Item == DetectorForm.BoxColumns).Select(axis => axis.Index + 1).ToArray() is [var one] ? one : null;

    private static int AxisOf(GraphProto graph, string boxes, string model, Func<string, IReadOnlyList<long>>? dimsOf)
    {
        IReadOnlyList<Dim> shape = graph.Output.FirstOrDefault(output => output.Name == boxes)?.ShapeOf() ?? [];
        if (AxisOf([.. shape.Skip(1).Select(axis => axis.Size ?? 0)]) is { } declared)
            return declared;
        if (dimsOf is not null)
            shape = [new(null, "N"), .. dimsOf(boxes).Select(size => new Dim(size))];
        return AxisOf([.. shape.Skip(1).Select(axis => axis.Size ?? 0)]) ?? throw new InputException(
            "It is not clear which axis of a detector's boxes counts their numbers.", $"output '{boxes}' of {model}", $"[{string.Join(", ", shape)}]",
            $"one axis of {DetectorForm.BoxColumns}", "add 'class-axis: 1' or 'class-axis: 2' to the model that it is an output of");
    }
}
