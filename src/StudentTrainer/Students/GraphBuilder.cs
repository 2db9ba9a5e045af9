using Onnx;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Randomness;
using OnnxKd.Core.Tensors;
using static Onnx.AttributeProto.Types;

namespace OnnxKd.StudentTrainer.Students;

/// <summary>Writes a chain of layers as an ONNX graph (opset 17, IR 8) with fresh weights.</summary>
/// <remarks>
/// Weights and biases are uniform in ±1/√(incoming connections): He et al. 2015 with a = √5, which is PyTorch's default. Each
/// tensor draws from its own stream, numbered in the order of creation, so the same seed gives the same student.
/// </remarks>
internal sealed class GraphBuilder
{
    private const int Opset = 17;
    private const int IrVersion = 8;
    private const string InputName = "input";
    private const string OutputName = "logits";

    private readonly GraphProto graph;
    private readonly ulong seed;
    private ulong parameters;
    private string last = InputName;

    /// <summary>Starts with the input <c>input</c>: [N, sample].</summary>
    public GraphBuilder(string architecture, IReadOnlyList<int> sampleShape, ulong seed)
    {
        this.seed = seed;
        graph = new() { Name = architecture };
        graph.Input.Add(ValueInfo.Create(InputName, ElementType.Float32, ["N", .. sampleShape.Select(size => (Dim)size)]));
    }

    /// <summary>Adds an axis of length 1: images without channels get one.</summary>
    public GraphBuilder Unsqueeze(string name, long axis)
    {
        graph.Initializer.Add(TensorData.Create($"{name}.axes", [axis], 1));
        return Node("Unsqueeze", name, [$"{name}.axes"]);
    }

    /// <summary>[N, ...] to [N, elements].</summary>
    public GraphBuilder Flatten(string name) => Node("Flatten", name, [], Integer("axis", 1));

    /// <summary>x Wᵀ + b.</summary>
    public GraphBuilder Dense(string name, int inputs, int outputs)
    {
        Uniform($"{name}.weight", inputs, outputs, inputs);
        Uniform($"{name}.bias", inputs, outputs);
        return Node("Gemm", name, [$"{name}.weight", $"{name}.bias"], Integer("transB", 1));
    }

    /// <summary>A square convolution that keeps height and width, without a bias (the normalisation after it has one).</summary>
    public GraphBuilder Convolution(string name, int inputs, int outputs, int kernel)
    {
        Uniform($"{name}.weight", inputs * kernel * kernel, outputs, inputs, kernel, kernel);
        var pad = kernel / 2;
        return Node("Conv", name, [$"{name}.weight"], Integers("kernel_shape", kernel, kernel), Integers("pads", pad, pad, pad, pad));
    }

    /// <summary>Batch normalisation; its running statistics keep 0.9 of themselves in each step.</summary>
    public GraphBuilder BatchNormalization(string name, int channels)
    {
        foreach (var (suffix, value) in new[] { ("scale", 1f), ("bias", 0f), ("mean", 0f), ("variance", 1f) })
        {
            var values = new float[channels];
            Array.Fill(values, value);
            graph.Initializer.Add(TensorData.Create($"{name}.{suffix}", values, channels));
        }
        return Node(
            "BatchNormalization", name, [$"{name}.scale", $"{name}.bias", $"{name}.mean", $"{name}.variance"],
            new AttributeProto { Name = "epsilon", Type = AttributeType.Float, F = 1e-5f },
            new AttributeProto { Name = "momentum", Type = AttributeType.Float, F = 0.9f });
    }

    /// <summary>Rectified linear units.</summary>
    public GraphBuilder Relu(string name) => Node("Relu", name, []);

    /// <summary>The largest of each 2×2 square.</summary>
    public GraphBuilder MaxPool(string name) => Node("MaxPool", name, [], Integers("kernel_shape", 2, 2), Integers("strides", 2, 2));

    /// <summary>Dropout, which stays in the exported graph (it does nothing in inference); none with probability 0.</summary>
    public GraphBuilder Dropout(string name, double probability)
    {
        if (probability == 0)
            return this;
        graph.Initializer.Add(TensorData.Create($"{name}.ratio", [(float)probability]));
        return Node("Dropout", name, [$"{name}.ratio"]);
    }

    /// <summary>Ends with the output <c>logits</c>: [N, classes].</summary>
    public OnnxModel Build(int classes)
    {
        graph.Node[^1].Output[0] = OutputName;
        graph.Output.Add(ValueInfo.Create(OutputName, ElementType.Float32, ["N", classes]));
        return OnnxModel.FromProto(new()
        {
            IrVersion = IrVersion,
            ProducerName = "onnxkd",
            OpsetImport = { new OperatorSetIdProto { Domain = "", Version = Opset } },
            Graph = graph,
        });
    }

    private GraphBuilder Node(string op, string name, string[] tensors, params AttributeProto[] attributes)
    {
        graph.Node.Add(new NodeProto
        {
            OpType = op, Name = name, Input = { last, tensors }, Output = { name }, Attribute = { attributes },
        });
        last = name;
        return this;
    }

    private void Uniform(string name, int connections, params long[] shape)
    {
        var random = new CounterRandom(seed, RandomPurpose.Initialisation, item: parameters++);
        var bound = 1 / MathF.Sqrt(connections);
        var values = new float[shape.Aggregate(1L, (product, size) => product * size)];
        for (var i = 0; i < values.Length; i++)
            values[i] = (2 * random.NextSingle() - 1) * bound;
        graph.Initializer.Add(TensorData.Create(name, values, shape));
    }

    private static AttributeProto Integer(string name, long value) => new() { Name = name, Type = AttributeType.Int, I = value };

    private static AttributeProto Integers(string name, params long[] values) =>
        new() { Name = name, Type = AttributeType.Ints, Ints = { values } };
}
