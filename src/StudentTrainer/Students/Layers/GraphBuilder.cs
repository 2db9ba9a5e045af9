using System.Runtime.InteropServices;
using Onnx;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Preparation;
using OnnxKd.Core.Randomness;
using OnnxKd.Core.Tensors;

namespace OnnxKd.StudentTrainer.Students.Layers;

/// <summary>A tensor of a graph that is being built.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Shape">Its shape; the batch axis, and the time axis of sequences, are free.</param>
internal sealed record Value(string Name, params IReadOnlyList<Dim> Shape)
{
    /// <summary>The number of axes.</summary>
    public int Rank => Shape.Count;

    /// <summary>The size of an axis that is not free.</summary>
    public int Size(int axis) => (int)(Shape[axis].Size ?? throw new InvalidOperationException($"Axis {axis} of '{Name}' is free."));
}

/// <summary>How weights are drawn.</summary>
internal enum Initial
{
    /// <summary>Uniform in ±1/√(incoming connections): He et al. 2015 with a = √5, which is PyTorch's default.</summary>
    Uniform,

    /// <summary>Normal with variance 2/(connections): He et al. 2015.</summary>
    HeNormal,

    /// <summary>Normal with deviation 0.02, redrawn beyond two deviations: transformers since BERT.</summary>
    TruncatedNormal,
}

/// <summary>Writes an ONNX graph (opset 17, IR 8) with fresh weights; the layers beside it are methods that extend it.</summary>
/// <remarks>Each tensor draws from its own stream, numbered in the order of creation, so the same seed gives the same student.</remarks>
/// <param name="architecture">The architecture's name.</param>
/// <param name="seed">Decides the weights; <c>null</c>: they are all 0, where only shapes matter.</param>
internal sealed class GraphBuilder(string architecture, ulong? seed)
{
    private const int Opset = 17;
    private const int IrVersion = 8;
    private const string InputName = "input";
    private const string OutputName = "logits";

    private readonly GraphProto graph = new() { Name = architecture };
    private readonly Dictionary<string, Value> constants = new(StringComparer.Ordinal);
    private ulong drawn;
    private long elements;

    /// <summary>The architecture's name.</summary>
    public string Architecture => architecture;

    /// <summary>Declares the input <c>input</c>: [N, sample].</summary>
    public Value Input(ElementType type, params IReadOnlyList<Dim> sampleShape)
    {
        var input = new Value(InputName, ["N", .. sampleShape]);
        graph.Input.Add(ValueInfo.Create(InputName, type, [.. input.Shape]));
        return input;
    }

    /// <summary>Declares a named input, one of several.</summary>
    /// <param name="part">The samples' input that feeds it.</param>
    /// <param name="type">What it holds.</param>
    /// <param name="shape">Its shape in one sample.</param>
    public Value Input(SamplePart part, ElementType type, params IReadOnlyList<Dim> shape)
    {
        var input = new Value(InputFront.NameFor(part.Name), ["N", .. shape]);
        graph.Input.Add(ValueInfo.Create(input.Name, type, [.. input.Shape]));
        return input;
    }

    /// <summary>Adds a node with one output, which has the node's name.</summary>
    public Value Node(string op, string name, IReadOnlyList<Dim> shape, Value[] inputs, params AttributeProto[] attributes) =>
        Node(op, name, [new Value(name, shape)], inputs, attributes);

    /// <summary>Adds a node with several outputs.</summary>
    public Value[] Nodes(string op, string name, int outputs, IReadOnlyList<Dim> shape, Value[] inputs, params AttributeProto[] attributes)
    {
        Value[] results = [.. Enumerable.Range(0, outputs).Select(i => new Value($"{name}.{i}", shape))];
        Node(op, name, results, inputs, attributes);
        return results;
    }

    /// <summary>A fresh weight.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="initial">How it is drawn.</param>
    /// <param name="connections">What its spread depends on: connections into a unit, or for normal ones out of it.</param>
    /// <param name="shape">Its shape.</param>
    public Value Weight(string name, Initial initial, long connections, params long[] shape)
    {
        if (seed is not { } key)
            return Filled(name, 0, shape);
        var random = new CounterRandom(key, RandomPurpose.Initialisation, item: drawn++);
        var bound = 1 / MathF.Sqrt(connections);
        var deviation = Math.Sqrt(2.0 / connections);
        var bytes = Allocate(shape);
        var values = MemoryMarshal.Cast<byte, float>(bytes.AsSpan());
        for (var i = 0; i < values.Length; i++)
        {
            values[i] = initial switch
            {
                Initial.Uniform => (2 * random.NextSingle() - 1) * bound,
                Initial.HeNormal => (float)(deviation * random.NextGaussian()),
                _ => (float)(0.02 * TruncatedGaussian(ref random)),
            };
        }
        return Tensor(TensorData.Wrap(name, ElementType.Float32, bytes, shape));
    }

    /// <summary>A weight that starts with one value everywhere.</summary>
    public Value Filled(string name, float value, params long[] shape)
    {
        var bytes = Allocate(shape);
        MemoryMarshal.Cast<byte, float>(bytes.AsSpan()).Fill(value);
        return Tensor(TensorData.Wrap(name, ElementType.Float32, bytes, shape));
    }

    /// <summary>A number that is never trained; asked for again, the same tensor.</summary>
    public Value Scalar(string name, float value) => Constant(name, () => TensorData.Create(name, [value]));

    /// <summary>A whole number without axes; asked for again, the same tensor.</summary>
    public Value Integer(string name, long value) => Constant(name, () => TensorData.Create(name, [value]));

    /// <summary>A list of whole numbers, such as a shape; asked for again, the same tensor.</summary>
    public Value Integers(string name, params long[] values) => Constant(name, () => TensorData.Create(name, values, values.Length));

    /// <summary>A square of truth values.</summary>
    public Value Square(string name, int size, Func<int, int, bool> value)
    {
        bool[] values = [.. Enumerable.Range(0, size * size).Select(i => value(i / size, i % size))];
        return Tensor(TensorData.Create(name, ElementType.Bool, MemoryMarshal.AsBytes(values.AsSpan()), size, size));
    }

    /// <summary>Gives what a node gave a name that terms can rely on, whatever the sizes are: <c>stem</c>, <c>stage1</c>.</summary>
    /// <param name="name">The name; nothing else may have it.</param>
    /// <param name="value">What no node takes yet.</param>
    public Value Named(string name, Value value)
    {
        graph.Node.Last(node => node.Output.Contains(value.Name)).Output[0] = name;
        return value with { Name = name };
    }

    /// <summary>Ends with the output <c>logits</c>.</summary>
    /// <param name="logits">What a node gave that no other node takes.</param>
    public OnnxModel Build(Value logits)
    {
        graph.Node.First(node => node.Output[0] == logits.Name).Output[0] = OutputName;
        graph.Output.Add(ValueInfo.Create(OutputName, ElementType.Float32, [.. logits.Shape]));
        return OnnxModel.FromProto(new()
        {
            IrVersion = IrVersion,
            ProducerName = "onnxkd",
            OpsetImport = { new OperatorSetIdProto { Domain = "", Version = Opset } },
            Graph = graph,
        });
    }

    private Value Node(string op, string name, Value[] outputs, Value[] inputs, AttributeProto[] attributes)
    {
        graph.Node.Add(new NodeProto
        {
            OpType = op,
            Name = name,
            Input = { inputs.Select(input => input.Name) },
            Output = { outputs.Select(output => output.Name) },
            Attribute = { attributes },
        });
        return outputs[0];
    }

    private Value Constant(string name, Func<TensorProto> create)
    {
        if (!constants.TryGetValue(name, out var value))
            constants[name] = value = Tensor(create());
        return value;
    }

    private Value Tensor(TensorProto tensor)
    {
        graph.Initializer.Add(tensor);
        return new(tensor.Name, [.. tensor.Dims.Select(size => (Dim)size)]);
    }

    /// <summary>Space for a float32 tensor, unless the model outgrows what one file holds.</summary>
    private byte[] Allocate(long[] shape)
    {
        var most = int.MaxValue / sizeof(float) - elements;
        if (!Shapes.TryElements(shape, out var count) || count > most)
            throw new InputException(
                $"The student of architecture '{architecture}' is too large for one ONNX file.",
                where: "student",
                found: $"a tensor of shape {Shapes.Format(shape)} after {elements:N0} parameters",
                expected: $"at most {int.MaxValue / sizeof(float):N0} parameters",
                remedy: "choose smaller sizes");
        elements += count;
        return new byte[count * sizeof(float)];
    }

    private static double TruncatedGaussian(ref CounterRandom random)
    {
        double draw;
        do
            draw = random.NextGaussian();
        while (Math.Abs(draw) > 2);
        return draw;
    }
}
