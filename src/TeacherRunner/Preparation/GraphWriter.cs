using Google.Protobuf;
using Onnx;
using OnnxKd.Core.Onnx;
using AttributeType = Onnx.AttributeProto.Types.AttributeType;
using DataType = Onnx.TensorProto.Types.DataType;

namespace OnnxKd.TeacherRunner.Preparation;

/// <summary>Writes a graph that prepares one sample, one call per node.</summary>
internal sealed class GraphWriter
{
    private const int Opset = 18;

    private readonly GraphProto graph = new() { Name = "prepare" };
    private readonly SortedSet<string> domains = new(StringComparer.Ordinal);

    /// <summary>How many constants there are: a number for the name of the next.</summary>
    public int Count => graph.Initializer.Count;

    /// <summary>Declares an input of one axis.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="type">Its type.</param>
    /// <param name="length">The length of the axis; <c>null</c>: any.</param>
    public string Input(string name, DataType type, int? length = null)
    {
        graph.Input.Add(Describe(name, type, [length]));
        return name;
    }

    /// <summary>Declares an output.</summary>
    /// <param name="name">Its name in the file.</param>
    /// <param name="value">The tensor that it is.</param>
    /// <param name="type">Its type.</param>
    /// <param name="shape">Its shape.</param>
    public void Output(string name, string value, DataType type, IReadOnlyList<int> shape)
    {
        graph.Node.Add(new NodeProto { OpType = "Identity", Name = name, Input = { value }, Output = { name } });
        graph.Output.Add(Describe(name, type, [.. shape.Select(size => (int?)size)]));
    }

    /// <summary>A constant of floats.</summary>
    public string Floats(ReadOnlySpan<float> values, params ReadOnlySpan<long> shape) =>
        Add(TensorData.Create($"floats_{Count}", values, shape));

    /// <summary>A constant list of integers.</summary>
    public string Longs(params ReadOnlySpan<long> values) =>
        Add(TensorData.Create($"integers_{Count}", values, values.Length));

    /// <summary>A constant integer without axes.</summary>
    public string Long(long value) => Add(TensorData.Create($"integers_{Count}", [value]));

    /// <summary>A constant of any kind.</summary>
    public string Add(TensorProto constant)
    {
        graph.Initializer.Add(constant);
        return constant.Name;
    }

    /// <summary>A node of ONNX itself with one output.</summary>
    public string Node(string op, IReadOnlyList<string> inputs, params IEnumerable<AttributeProto> attributes) =>
        Node(op, inputs, 1, "", attributes)[0];

    /// <summary>A node.</summary>
    /// <returns>The names of its outputs.</returns>
    public IReadOnlyList<string> Node(
        string op, IReadOnlyList<string> inputs, int outputs, string domain, params IEnumerable<AttributeProto> attributes)
    {
        var name = $"{op}_{graph.Node.Count}";
        string[] names = [.. Enumerable.Range(0, outputs).Select(i => i == 0 ? name : $"{name}_{i}")];
        graph.Node.Add(new NodeProto
        {
            OpType = op, Name = name, Domain = domain, Input = { inputs }, Output = { names }, Attribute = { attributes },
        });
        if (domain.Length > 0)
            domains.Add(domain);
        return names;
    }

    /// <summary>An integer attribute.</summary>
    public static AttributeProto Int(string name, long value) => new() { Name = name, Type = AttributeType.Int, I = value };

    /// <summary>A list of integers.</summary>
    public static AttributeProto Ints(string name, params ReadOnlySpan<long> values) =>
        new() { Name = name, Type = AttributeType.Ints, Ints = { values.ToArray() } };

    /// <summary>A float attribute.</summary>
    public static AttributeProto Float(string name, float value) => new() { Name = name, Type = AttributeType.Float, F = value };

    /// <summary>A text attribute.</summary>
    public static AttributeProto Text(string name, string value) => Bytes(name, ByteString.CopyFromUtf8(value));

    /// <summary>A text attribute whose bytes are given: the content of a file.</summary>
    public static AttributeProto Bytes(string name, ByteString value) => new() { Name = name, Type = AttributeType.String, S = value };

    /// <summary>The model.</summary>
    public OnnxModel Build()
    {
        var model = new ModelProto
        {
            IrVersion = 8, ProducerName = "onnxkd", Graph = graph, OpsetImport = { new OperatorSetIdProto { Version = Opset } },
        };
        foreach (var domain in domains)
            model.Import(domain, version: 1);
        return OnnxModel.FromProto(model);
    }

    private static ValueInfoProto Describe(string name, DataType type, IReadOnlyList<int?> shape) => new()
    {
        Name = name,
        Type = new TypeProto
        {
            TensorType = new()
            {
                ElemType = (int)type,
                Shape = new()
                {
                    Dim =
                    {
                        shape.Select(size => size is { } fixedSize
                            ? new TensorShapeProto.Types.Dimension { DimValue = fixedSize }
                            : new TensorShapeProto.Types.Dimension { DimParam = "length" }),
                    },
                },
            },
        },
    };
}
