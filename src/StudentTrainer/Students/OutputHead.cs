using Onnx;
using OnnxKd.Core.Logits;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Tensors;
using OnnxKd.StudentTrainer.Signals;
using AttributeType = Onnx.AttributeProto.Types.AttributeType;

namespace OnnxKd.StudentTrainer.Students;

/// <summary>
/// What comes behind the last layer of a built-in student that gives no classes, so that it can stand in for its teacher: the teacher's
/// activation, the scale of its values, its name and its axes.
/// </summary>
/// <param name="Name">The output's name.</param>
/// <param name="Kind">What it holds.</param>
/// <param name="Activation">The teacher's.</param>
/// <param name="IsScalar">Whether it is [N] in place of [N, 1].</param>
/// <param name="Scale">Of values: what the last layer's are multiplied by, and what is added then; <c>null</c>: nothing.</param>
public sealed record OutputHead(string Name, OutputKind Kind, HeadActivation Activation, bool IsScalar, ColumnStatistics? Scale)
{
    /// <summary>What built-in students call their output.</summary>
    public const string Logits = "logits";

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
        var output = graph.Output.Single();
        var last = Logits;
        if (Scale is not null)
        {
            last = Add(graph, "Mul", "output.scaled", last, Constant(graph, "output.deviation", [.. Scale.Deviations]));
            last = Add(graph, "Add", "output.shifted", last, Constant(graph, "output.mean", [.. Scale.Means]));
        }

        if (IsScalar && output.ShapeOf() is [_, { Size: 1 }])
        {
            graph.Initializer.Add(TensorData.Create("output.axes", [1L], 1));
            last = Add(graph, "Squeeze", "output.scalar", last, "output.axes");
            output.Type.TensorType.Shape.Dim.RemoveAt(1);
        }

        if (Kind == OutputKind.Labels && Activation == HeadActivation.Sigmoid)
            last = Add(graph, "Sigmoid", "output.probability", last);
        if (Kind == OutputKind.Embedding && Activation == HeadActivation.UnitLength)
        {
            last = Add(graph, "LpNormalization", "output.unit", last);
            graph.Node[^1].Attribute.Add(new AttributeProto { Name = "axis", Type = AttributeType.Int, I = -1 });
            graph.Node[^1].Attribute.Add(new AttributeProto { Name = "p", Type = AttributeType.Int, I = 2 });
        }

        Rename(graph, last, output);
    }

    /// <summary>The last tensor gets the output's name, unless another tensor has it.</summary>
    private void Rename(GraphProto graph, string last, ValueInfoProto output)
    {
        var taken = graph.Node.SelectMany(node => node.Output).Concat(graph.Input.Select(input => input.Name))
            .Concat(graph.Initializer.Select(initializer => initializer.Name)).Contains(Name);
        var name = taken ? last : Name;
        var maker = graph.Node.Single(node => node.Output.Contains(last));
        maker.Output[maker.Output.IndexOf(last)] = name;
        output.Name = name;
    }

    // Constants, not weights: the last layer learns what they would.
    private static string Constant(GraphProto graph, string name, float[] values)
    {
        graph.Node.Add(new NodeProto
        {
            OpType = "Constant", Name = name, Output = { name },
            Attribute = { new AttributeProto { Name = "value", Type = AttributeType.Tensor, T = TensorData.Create("", values, values.Length) } },
        });
        return name;
    }

    private static string Add(GraphProto graph, string operation, string name, params string[] inputs)
    {
        graph.Node.Add(new NodeProto { OpType = operation, Name = name, Input = { inputs }, Output = { name } });
        return name;
    }
}
