using Onnx;
using DataType = Onnx.TensorProto.Types.DataType;

namespace OnnxKd.TeacherRunner.Sessions;

/// <summary>The few changes that are made to a model, in memory, before it runs.</summary>
internal static class GraphEdits
{
    /// <summary>Describes a float tensor of unknown shape.</summary>
    public static ValueInfoProto FloatTensor(string name, TensorShapeProto? shape = null) => new()
    {
        Name = name,
        Type = new TypeProto { TensorType = new TypeProto.Types.Tensor { ElemType = (int)DataType.Float, Shape = shape } },
    };

    /// <summary>Lets an input of another type be fed with floats: a Cast node in front of it.</summary>
    /// <returns>The name to feed.</returns>
    public static string FeedAsFloat(GraphProto graph, ValueInfoProto input)
    {
        var tensor = input.Type.TensorType;
        if (tensor.ElemType == (int)DataType.Float)
            return input.Name;

        var fed = $"{input.Name}/as_float";
        graph.Input[graph.Input.IndexOf(input)] = FloatTensor(fed, tensor.Shape);
        graph.Node.Insert(0, Cast(fed, input.Name, tensor.ElemType));
        return fed;
    }

    /// <summary>Makes the given tensors the graph's only outputs, as floats; ONNX Runtime then drops the nodes that only others needed.</summary>
    /// <returns>The names of the outputs, in the order of the tensors.</returns>
    public static string[] ReadOnly(GraphProto graph, params ReadOnlySpan<string> tensors)
    {
        graph.Output.Clear();
        var names = new string[tensors.Length];
        for (var i = 0; i < tensors.Length; i++)
        {
            names[i] = $"{tensors[i]}/read_{i}";
            graph.Node.Add(Cast(tensors[i], names[i], (int)DataType.Float));
            graph.Output.Add(FloatTensor(names[i]));
        }

        return names;
    }

    private static NodeProto Cast(string from, string to, int elementType) => new()
    {
        Name = to,
        OpType = "Cast",
        Input = { from },
        Output = { to },
        Attribute = { new AttributeProto { Name = "to", Type = AttributeProto.Types.AttributeType.Int, I = elementType } },
    };
}
