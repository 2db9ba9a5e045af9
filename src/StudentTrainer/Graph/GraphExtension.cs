using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Onnx;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Randomness;
using OnnxKd.Core.Tensors;
using static Onnx.AttributeProto.Types;

namespace OnnxKd.StudentTrainer.Graph;

/// <summary>Adds layers with fresh weights to a student's graph. Each weight's values are decided by the seed and its name.</summary>
/// <param name="graph">The graph, with operators of set 13 or the newest before it that means the same.</param>
/// <param name="seed">Decides the weights.</param>
internal sealed class GraphExtension(GraphProto graph, ulong seed)
{
    private readonly HashSet<string> weights = new(StringComparer.Ordinal);

    /// <summary>The weights that were added, which are no part of the student's file.</summary>
    public IReadOnlySet<string> Weights => weights;

    /// <summary>x W + b: [N, from] → [N, to].</summary>
    public string Linear(string x, string name, long from, long to) =>
        Node("Gemm", name, x, Weight($"{name}/weight", from, from, to), Bias(name, to));

    /// <summary>x W + b at each position: [N, positions, from] → [N, positions, to].</summary>
    public string PositionWise(string x, string name, long from, long to)
    {
        Node("MatMul", $"{name}/product", x, Weight($"{name}/weight", from, from, to));
        return Node("Add", name, $"{name}/product", Bias(name, to));
    }

    /// <summary>A convolution of single pixels: [N, from, height, width] → [N, to, height, width].</summary>
    public string PixelWise(string x, string name, long from, long to) =>
        Node("Conv", name, x, Weight($"{name}/weight", from, to, from, 1, 1), Bias(name, to));

    /// <summary>A convolution of single steps: [N, from, length] → [N, to, length].</summary>
    public string StepWise(string x, string name, long from, long to) =>
        Node("Conv", name, x, Weight($"{name}/weight", from, to, from, 1), Bias(name, to));

    /// <summary>[N, positions, C] → [N, C, positions].</summary>
    public string ChannelsFirst(string x, string name)
    {
        Node("Transpose", name, x);
        graph.Node[^1].Attribute.Add(Integers("perm", 0, 2, 1));
        return name;
    }

    /// <summary>The mean of each channel: [N, C, ...] → [N, C].</summary>
    public string GlobalMean(string x, string name)
    {
        Node("GlobalAveragePool", $"{name}/mean", x);
        return Node("Flatten", $"{name}/flat", $"{name}/mean");
    }

    /// <summary>Means of windows that do not overlap: [N, C, height, width] → [N, C, height/factor, width/factor].</summary>
    public string MeanPool(string x, string name, long factor)
    {
        Node("AveragePool", name, x);
        graph.Node[^1].Attribute.Add(Integers("kernel_shape", factor, factor));
        graph.Node[^1].Attribute.Add(Integers("strides", factor, factor));
        return name;
    }

    /// <summary>max(x, 0).</summary>
    public string Relu(string x, string name) => Node("Relu", name, x);

    /// <summary>The error that something cannot be attached.</summary>
    public InputException Misfit(string what, string at, IReadOnlyList<long> shape, string expected) => new(
        what, $"tensor '{at}' of the student", $"{Shapes.Format(shape)} for one sample", expected, "choose another tensor");

    private string Node(string op, string name, params string[] inputs)
    {
        graph.Node.Add(new NodeProto { OpType = op, Name = name, Input = { inputs }, Output = { name } });
        return name;
    }

    private string Bias(string name, long size) => Add(TensorData.Create($"{name}/bias", new float[size], size));

    /// <summary>Uniform in ±1/√(incoming connections), PyTorch's default.</summary>
    private string Weight(string name, long incoming, params long[] shape)
    {
        var item = BinaryPrimitives.ReadUInt64LittleEndian(SHA256.HashData(Encoding.UTF8.GetBytes(name)));
        var random = new CounterRandom(seed, RandomPurpose.Initialisation, item);
        var bound = 1 / MathF.Sqrt(incoming);
        var values = new float[shape.Aggregate(1L, (product, size) => product * size)];
        for (var i = 0; i < values.Length; i++)
            values[i] = (2 * random.NextSingle() - 1) * bound;
        return Add(TensorData.Create(name, values, shape));
    }

    private string Add(TensorProto tensor)
    {
        graph.Initializer.Add(tensor);
        weights.Add(tensor.Name);
        return tensor.Name;
    }

    private static AttributeProto Integers(string name, params long[] values) =>
        new() { Name = name, Type = AttributeType.Ints, Ints = { values } };
}
