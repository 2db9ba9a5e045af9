using Onnx;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Tensors;
using OnnxKd.StudentTrainer.Signals;
using AttributeType = Onnx.AttributeProto.Types.AttributeType;

namespace OnnxKd.StudentTrainer.Students;

/// <summary>
/// What comes behind the last layer of a built-in student that gives no class scores and learns what its teacher gives: the scale of values, the
/// division of an embedding by its length.
/// </summary>
/// <param name="IsUnitLength">Whether the teacher's embedding is divided by its length.</param>
/// <param name="Scale">Of values: what the last layer's are multiplied by, and what is added then; <c>null</c>: nothing.</param>
public sealed record OutputHead(bool IsUnitLength, ColumnStatistics? Scale)
{
    private const string Logits = "logits"; // what built-in students call their output

    /// <summary>Adds it.</summary>
    /// <param name="student">A built-in student; changed.</param>
    /// <param name="head">What is added; <c>null</c>: nothing.</param>
    /// <returns>The student.</returns>
    public static OnnxModel Attach(OnnxModel student, OutputHead? head)
    {
        if (head is null)
            return student;
        var proto = student.Proto.Clone();
        head.AddTo(proto.Graph);
        return OnnxModel.FromProto(proto);
    }

    private void AddTo(GraphProto graph)
    {
        // Of a map [N, columns, height, width] the columns are axis 1.
        var axesBehind = graph.Output.Single().ShapeOf() is { Count: > 2 } shape ? shape.Count - 2 : 0;
        var last = Logits;
        if (Scale is not null)
        {
            last = Add(graph, "Mul", "output.scaled", last, Constant(graph, "output.deviation", [.. Scale.Deviations], axesBehind));
            last = Add(graph, "Add", "values", last, Constant(graph, "output.mean", [.. Scale.Means], axesBehind));
        }

        if (IsUnitLength)
        {
            last = Add(graph, "LpNormalization", "embedding", last);
            graph.Node[^1].Attribute.Add(new AttributeProto { Name = "axis", Type = AttributeType.Int, I = axesBehind > 0 ? 1 : -1 });
            graph.Node[^1].Attribute.Add(new AttributeProto { Name = "p", Type = AttributeType.Int, I = 2 });
        }

        graph.Output.Single().Name = last;
    }

    // Constants, not weights: the last layer learns what they would.
    private static string Constant(GraphProto graph, string name, float[] values, int axesBehind)
    {
        graph.Node.Add(new NodeProto
        {
            OpType = "Constant", Name = name, Output = { name },
            Attribute = { new AttributeProto { Name = "value", Type = AttributeType.Tensor, T = TensorData.Create("", values, [values.Length, .. Enumerable.Repeat(1L, axesBehind)]) } },
        });
        return name;
    }

    private static string Add(GraphProto graph, string operation, string name, params string[] inputs)
    {
        graph.Node.Add(new NodeProto { OpType = operation, Name = name, Input = { inputs }, Output = { name } });
        return name;
    }
}
