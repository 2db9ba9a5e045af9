using Onnx;
using AttributeType = Onnx.AttributeProto.Types.AttributeType;
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

    /// <summary>Takes away initializers that nothing reads: with as many as 100,000, ONNX Runtime takes most of a minute to do so.</summary>
    public static void RemoveUnusedInitializers(GraphProto graph)
    {
        var read = NamesRead(graph).ToHashSet(StringComparer.Ordinal);
        var unused = graph.Initializer.Select(tensor => tensor.Name).Where(name => !read.Contains(name)).ToHashSet(StringComparer.Ordinal);
        if (unused.Count == 0)
            return;
        TensorProto[] kept = [.. graph.Initializer.Where(tensor => !unused.Contains(tensor.Name))];
        ValueInfoProto[] inputs = [.. graph.Input.Where(input => !unused.Contains(input.Name))];
        graph.Initializer.Clear();
        graph.Initializer.AddRange(kept);
        graph.Input.Clear();
        graph.Input.AddRange(inputs);
    }

    private static IEnumerable<string> NamesRead(GraphProto graph) => graph.Node
        .SelectMany(node => node.Input.Concat(node.Attribute.SelectMany(attribute => attribute.Graphs.Prepend(attribute.G)).OfType<GraphProto>().SelectMany(NamesRead)))
        .Concat(graph.Output.Select(output => output.Name));

    /// <summary>Lets an input of another type be fed with floats: a Cast node in front of it.</summary>
    /// <returns>The name to feed.</returns>
    public static string FeedAsFloat(GraphProto graph, ValueInfoProto input)
    {
        var tensor = input.Type.TensorType;
        if (tensor.ElemType == (int)DataType.Float)
            return input.Name;

        var fed = $"{input.Name}/as_float";
        graph.Input[graph.Input.IndexOf(input)] = FloatTensor(fed, tensor.Shape);
        var cast = Cast(fed, input.Name, (DataType)tensor.ElemType);
        cast.Name = $"{fed}/cast"; // a node of the model may be called as its input is
        graph.Node.Insert(0, cast);
        return fed;
    }

    /// <summary>Adds a tensor, as floats, to the graph's outputs.</summary>
    /// <param name="graph">The graph. Take its own outputs away first: ONNX Runtime then drops the nodes that only they needed.</param>
    /// <param name="tensor">Any tensor.</param>
    /// <param name="permutation">The order of its axes in the output; <c>null</c>: as they are.</param>
    /// <param name="picking">What is picked from it then; <c>null</c>: all of it is taken.</param>
    /// <returns>The output's name.</returns>
    public static string AddOutput(GraphProto graph, string tensor, long[]? permutation = null, Picking? picking = null)
    {
        var name = $"{tensor}/read_{graph.Output.Count}";
        var cast = permutation is null ? name : $"{name}/cast";
        graph.Node.Add(Cast(tensor, cast, DataType.Float));
        if (permutation is not null)
            graph.Node.Add(Node("Transpose", [cast], name, new AttributeProto { Name = "perm", Type = AttributeType.Ints, Ints = { permutation } }));
        name = picking?.AddTo(graph, name) ?? name;
        graph.Output.Add(FloatTensor(name));
        return name;
    }

    /// <summary>Gives nodes of one name, which ONNX Runtime refuses, names of their own.</summary>
    /// <param name="graph">The graph; changed.</param>
    public static void TellApart(GraphProto graph)
    {
        var names = graph.Node.Select(node => node.Name).ToHashSet(StringComparer.Ordinal);
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var node in graph.Node.Where(node => node.Name.Length > 0 && !seen.Add(node.Name)))
        {
            var (name, number) = (node.Name, 1);
            while (!names.Add(node.Name))
                node.Name = $"{name}/{++number}";
        }
    }

    /// <summary>A node that converts a tensor.</summary>
    public static NodeProto Cast(string from, string to, DataType type) =>
        Node("Cast", [from], to, Integer("to", (long)type));

    /// <summary>An attribute that is a whole number.</summary>
    public static AttributeProto Integer(string name, long value) => new() { Name = name, Type = AttributeType.Int, I = value };

    /// <summary>A node, named after its (first) output.</summary>
    public static NodeProto Node(string operation, IEnumerable<string> from, string to, params AttributeProto[] attributes) => new()
    {
        Name = to,
        OpType = operation,
        Input = { from },
        Output = { to },
        Attribute = { attributes },
    };
}
