using Onnx;
using OnnxKd.Core.Logits;
using OnnxKd.Core.Onnx;

namespace OnnxKd.TeacherRunner.Sessions;

/// <summary>Joins a detector's boxes and scores, two outputs of its file, into one tensor: a head as any other.</summary>
internal static class DetectorJoin
{
    /// <summary>Adds the tensor, as an output of the graph.</summary>
    /// <param name="graph">The model's; changed.</param>
    /// <param name="reading">What is wanted: the boxes, and the scores.</param>
    /// <param name="model">The model's name, for messages.</param>
    /// <param name="dimsOf">The lengths of a tensor after the batch axis, from a run.</param>
    /// <returns>What is wanted of the graph then.</returns>
    /// <inheritdoc cref="DetectorOutputs.Join" path="/exception"/>
    public static ModelReading Apply(GraphProto graph, ModelReading reading, string model, Func<string, IReadOnlyList<long>> dimsOf)
    {
        if (reading.Scores is not { } scores)
            return reading;
        var (joined, axis) = DetectorOutputs.Join(graph, reading.Tensor, scores, reading.ClassAxis, model, dimsOf);
        BoxForm? suppressed = Suppression.ReadsCentres(graph, reading.Tensor!) is { } isCentred ? isCentred ? BoxForm.Xywh : BoxForm.Xyxy : null;
        return reading with { Tensor = joined, Kind = OutputKind.Detector, ClassAxis = axis, Suppressed = suppressed };
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
}
