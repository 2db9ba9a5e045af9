using Onnx;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Tensors;
using static Onnx.AttributeProto.Types;

namespace OnnxKd.StudentTrainer.Tests.Support;

/// <summary>Writes small models, one call per part; the input is <c>x</c>.</summary>
internal sealed class NodeModel
{
    private readonly GraphProto graph = new() { Name = "test" };
    private readonly int opset;

    public NodeModel(int opset, params Dim[] inputShape)
    {
        this.opset = opset;
        graph.Input.Add(ValueInfo.Create("x", ElementType.Float32, inputShape));
    }

    public NodeModel Floats(string name, float[] values, params long[] shape)
    {
        graph.Initializer.Add(TensorData.Create(name, values, shape));
        return this;
    }

    public NodeModel Tensor(TensorProto tensor)
    {
        graph.Initializer.Add(tensor);
        return this;
    }

    public NodeModel Integers(string name, params long[] values)
    {
        graph.Initializer.Add(TensorData.Create(name, values, values.Length));
        return this;
    }

    public NodeModel Node(string op, string inputs, string output, params (string Name, object Value)[] attributes)
    {
        var node = new NodeProto { OpType = op, Name = $"{output}_node", Input = { inputs.Split(' ') }, Output = { output.Split(' ') } };
        node.Attribute.AddRange(attributes.Select(attribute => Attribute(attribute.Name, attribute.Value)));
        graph.Node.Add(node);
        return this;
    }

    public NodeModel Constant(string output, TensorProto value)
    {
        var attribute = new AttributeProto { Name = "value", Type = AttributeType.Tensor, T = value };
        graph.Node.Add(new NodeProto { OpType = "Constant", Name = output, Output = { output }, Attribute = { attribute } });
        return this;
    }

    public OnnxModel Build(string output = "y", params Dim[] shape)
    {
        graph.Output.Add(shape.Length > 0
            ? ValueInfo.Create(output, ElementType.Float32, shape)
            : new ValueInfoProto { Name = output, Type = new() { TensorType = new() { ElemType = ElementType.Float32.ToDataType() } } });
        return OnnxModel.FromProto(new() { IrVersion = 8, OpsetImport = { new OperatorSetIdProto { Version = opset } }, Graph = graph });
    }

    /// <summary>An attribute of the type that the value calls for.</summary>
    public static AttributeProto Attribute(string name, object value) => value switch
    {
        TensorProto tensor => new() { Name = name, Type = AttributeType.Tensor, T = tensor },
        int number => new() { Name = name, Type = AttributeType.Int, I = number },
        double number => new() { Name = name, Type = AttributeType.Float, F = (float)number },
        string text => new() { Name = name, Type = AttributeType.String, S = Google.Protobuf.ByteString.CopyFromUtf8(text) },
        double[] numbers => new() { Name = name, Type = AttributeType.Floats, Floats = { numbers.Select(number => (float)number) } },
        int[] numbers => new() { Name = name, Type = AttributeType.Ints, Ints = { numbers.Select(number => (long)number) } },
        string[] texts => new()
        {
            Name = name, Type = AttributeType.Strings, Strings = { texts.Select(Google.Protobuf.ByteString.CopyFromUtf8) },
        },
        _ => throw new ArgumentException($"No attribute holds {value.GetType().Name}.", nameof(value)),
    };
}
