using Google.Protobuf;
using Onnx;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Tensors;
using static Onnx.AttributeProto.Types;

namespace OnnxKd.Core.Tests.Onnx;

public class GraphHelpersTests
{
    private static NodeProto Node() => new()
    {
        Name = "conv",
        OpType = "Conv",
        Attribute =
        {
            new AttributeProto { Name = "group", Type = AttributeType.Int, I = 2 },
            new AttributeProto { Name = "alpha", Type = AttributeType.Float, F = 0.5f },
            new AttributeProto { Name = "auto_pad", Type = AttributeType.String, S = ByteString.CopyFromUtf8("SAME_UPPER") },
            new AttributeProto { Name = "pads", Type = AttributeType.Ints, Ints = { 1, 2 } },
            new AttributeProto { Name = "scales", Type = AttributeType.Floats, Floats = { 1.5f } },
        },
    };

    [Fact]
    public void Attributes_Present_AreTyped()
    {
        var attributes = new Attributes(Node());

        Assert.Equal(2, attributes.GetInt("group", 1));
        Assert.Equal(0.5f, attributes.GetFloat("alpha", 1));
        Assert.Equal("SAME_UPPER", attributes.GetString("auto_pad", "NOTSET"));
        Assert.Equal([1L, 2L], attributes.GetInts("pads")!);
        Assert.Equal([1.5f], attributes.GetFloats("scales")!);
        attributes.RequireAllRead();
    }

    [Fact]
    public void Attributes_Absent_HaveTheirDefaults()
    {
        var attributes = new Attributes(new NodeProto { OpType = "Conv" });

        Assert.Equal(1, attributes.GetInt("group", 1));
        Assert.Equal("NOTSET", attributes.GetString("auto_pad", "NOTSET"));
        Assert.Null(attributes.GetInts("pads"));
        Assert.Null(attributes.GetTensor("value"));
        Assert.False(attributes.Has("group"));
        Assert.Contains("'axis'", Assert.Throws<InputException>(() => attributes.GetInt("axis")).Message);
    }

    [Fact]
    public void Attributes_WrongTypeOrRepeated_NamesNodeAndAttribute()
    {
        var error = Assert.Throws<InputException>(() => new Attributes(Node()).GetFloat("group", 1));
        Assert.Contains("node 'conv' (Conv), attribute 'group'", error.Message);

        var twice = Node();
        twice.Attribute.Add(twice.Attribute[0].Clone());
        Assert.Throws<InputException>(() => new Attributes(twice));
    }

    [Fact]
    public void RequireAllRead_OneWasNotAskedFor_IsUnsupported()
    {
        var attributes = new Attributes(Node());
        attributes.GetInt("group", 1);

        Assert.Contains("'alpha'", Assert.Throws<UnsupportedModelException>(attributes.RequireAllRead).Message);
    }

    [Fact]
    public void GraphIndex_SmallModel_KnowsProducersAndConsumers()
    {
        var graph = Models.Small().Graph;
        graph.Node.Add(new NodeProto { Name = "twice", OpType = "Add", Input = { "h", "h" }, Output = { "z" } });
        var index = new GraphIndex(graph);

        Assert.Equal("gemm", index.Producer("h")!.Name);
        Assert.Null(index.Producer("x"));
        Assert.Equal(["relu", "twice"], index.Consumers("h").Select(n => n.Name));
        Assert.Empty(index.Consumers("y"));
        Assert.Equal(["b", "w"], index.Initializers.Keys.Order());
    }

    [Fact]
    public void ShapeOf_FixedNamedAndUnknownSizes_AreToldApart()
    {
        var value = ValueInfo.Create("v", ElementType.Float32, "N", 3, default(Dim));
        value.Type.TensorType.Shape.Dim.Add(new TensorShapeProto.Types.Dimension { DimValue = -1 });

        Assert.Equal(["N", "3", "?", "?"], value.ShapeOf()!.Select(d => d.ToString()));
        Assert.Equal([true, false, true, true], value.ShapeOf()!.Select(d => d.IsDynamic));
        Assert.Equal((int)TensorProto.Types.DataType.Float, value.DataTypeOf());
        Assert.Null(new ValueInfoProto { Type = new() { TensorType = new() { ElemType = 1 } } }.ShapeOf());
    }

    [Fact]
    public void ShapeOf_NotATensor_IsUnsupported()
    {
        var sequence = new ValueInfoProto { Name = "probabilities", Type = new() { SequenceType = new() } };

        Assert.Contains("zipmap", Assert.Throws<UnsupportedModelException>(() => sequence.ShapeOf()).Message);
    }
}
