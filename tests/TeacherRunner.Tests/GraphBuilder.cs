using System.Runtime.InteropServices;
using Google.Protobuf;
using Onnx;
using OnnxKd.Core.Onnx;
using AttributeType = Onnx.AttributeProto.Types.AttributeType;
using DataType = Onnx.TensorProto.Types.DataType;

namespace OnnxKd.TeacherRunner.Tests;

/// <summary>Writes small ONNX models, one call per part.</summary>
internal sealed class GraphBuilder(int opset = 17)
{
    private readonly GraphProto graph = new() { Name = "test" };

    /// <param name="dims">An int is a fixed length, a string names a free one.</param>
    public GraphBuilder Input(string name, DataType type, params object[] dims)
    {
        graph.Input.Add(Describe(name, type, dims));
        return this;
    }

    public GraphBuilder Output(string name, DataType type = DataType.Float)
    {
        graph.Output.Add(Describe(name, type, null));
        return this;
    }

    public GraphBuilder Floats(string name, float[] values, params long[] dims)
    {
        graph.Initializer.Add(new TensorProto
        {
            Name = name,
            DataType = (int)DataType.Float,
            Dims = { dims },
            RawData = ByteString.CopyFrom(MemoryMarshal.AsBytes<float>(values)),
        });
        return this;
    }

    public GraphBuilder Integers(string name, params long[] values)
    {
        graph.Initializer.Add(new TensorProto { Name = name, DataType = (int)DataType.Int64, Dims = { values.Length }, Int64Data = { values } });
        return this;
    }

    public GraphBuilder Node(string op, string inputs, string output, params (string Name, long Value)[] attributes)
    {
        var node = new NodeProto { OpType = op, Name = output, Input = { inputs.Split(' ') }, Output = { output } };
        foreach (var (name, value) in attributes)
            node.Attribute.Add(new AttributeProto { Name = name, Type = AttributeType.Int, I = value });
        graph.Node.Add(node);
        return this;
    }

    /// <summary>Changes the last node.</summary>
    public GraphBuilder Edit(Action<NodeProto> edit)
    {
        edit(graph.Node[^1]);
        return this;
    }

    public GraphProto Graph => graph;

    public OnnxModel Build() => OnnxModel.FromProto(BuildProto());

    public ModelProto BuildProto() => new()
    {
        IrVersion = 8,
        ProducerName = "tests",
        OpsetImport = { new OperatorSetIdProto { Version = opset } },
        Graph = graph,
    };

    private static ValueInfoProto Describe(string name, DataType type, object[]? dims)
    {
        var tensor = new TypeProto.Types.Tensor { ElemType = (int)type };
        if (dims is not null)
            tensor.Shape = new()
            {
                Dim = { dims.Select(d => d is int length
                    ? new TensorShapeProto.Types.Dimension { DimValue = length }
                    : new TensorShapeProto.Types.Dimension { DimParam = (string)d }) },
            };
        return new() { Name = name, Type = new TypeProto { TensorType = tensor } };
    }
}
