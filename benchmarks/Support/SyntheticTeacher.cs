using System.Runtime.InteropServices;
using Google.Protobuf;
using Onnx;
using OnnxKd.Core.Onnx;
using AttributeType = Onnx.AttributeProto.Types.AttributeType;
using DataType = Onnx.TensorProto.Types.DataType;

namespace OnnxKd.Benchmarks.Support;

/// <summary>
/// Teachers of 28 × 28 images with random weights: as fast or slow as trained ones of their shape, and at hand without training.
/// </summary>
internal static class SyntheticTeacher
{
    /// <summary>Three 3×3 convolutions (32, 64, 64 channels), two poolings, a hidden layer of 128: the shape of the MNIST teacher, its BatchNorm folded.</summary>
    public static OnnxModel Convolutional()
    {
        var graph = Start(1, 28, 28);
        var random = new Random(1);
        Convolve(graph, random, "x", "c1", 1, 32);
        Pool(graph, "c1", "p1");
        Convolve(graph, random, "p1", "c2", 32, 64);
        Pool(graph, "c2", "p2");
        Convolve(graph, random, "p2", "c3", 64, 64);
        graph.Node.Add(Node("Flatten", ["c3"], "flat"));
        Dense(graph, random, "flat", "hidden", 64 * 7 * 7, 128);
        graph.Node.Add(Node("Relu", ["hidden"], "active"));
        Dense(graph, random, "active", "logits", 128, 10);
        return Finish(graph);
    }

    /// <summary>784-1200-1200-10, the teacher of Hinton et al. (2015).</summary>
    public static OnnxModel MultiLayer() => Layers(784, 1200, 1200, 10);

    /// <summary>Fully connected layers of the given widths, with ReLU between them.</summary>
    public static OnnxModel Layers(params int[] widths)
    {
        var graph = Start(widths[0]);
        var random = new Random(1);
        var from = "x";
        for (var i = 1; i < widths.Length; i++)
        {
            var isLast = i == widths.Length - 1;
            Dense(graph, random, from, isLast ? "logits" : $"h{i}", widths[i - 1], widths[i]);
            if (!isLast)
                graph.Node.Add(Node("Relu", [$"h{i}"], $"a{i}"));
            from = $"a{i}";
        }

        return Finish(graph);
    }

    internal static GraphProto Start(params int[] sample)
    {
        var shape = new TensorShapeProto { Dim = { new TensorShapeProto.Types.Dimension { DimParam = "N" } } };
        foreach (var length in sample)
            shape.Dim.Add(new TensorShapeProto.Types.Dimension { DimValue = length });
        return new() { Name = "synthetic", Input = { Describe("x", shape) } };
    }

    internal static OnnxModel Finish(GraphProto graph)
    {
        graph.Output.Add(Describe("logits", null));
        return OnnxModel.FromProto(new() { IrVersion = 8, OpsetImport = { new OperatorSetIdProto { Version = 17 } }, Graph = graph });
    }

    /// <summary>A convolution with a bias that keeps the size at stride 1, and a ReLU unless it is left out.</summary>
    internal static void Convolve(
        GraphProto graph, Random random, string from, string to, int inputs, int outputs, int kernel = 3, int stride = 1, bool relu = true)
    {
        var sum = relu ? $"{to}.raw" : to;
        var weights = Weights(graph, random, $"{to}.w", outputs, inputs, kernel, kernel);
        var node = Node("Conv", [from, weights, Weights(graph, random, $"{to}.b", outputs)], sum);
        var pad = (kernel - 1) / 2;
        node.Attribute.Add(Integers("pads", pad, pad, pad, pad));
        node.Attribute.Add(Integers("strides", stride, stride));
        graph.Node.Add(node);
        if (relu)
            graph.Node.Add(Node("Relu", [sum], to));
    }

    internal static void Pool(GraphProto graph, string from, string to)
    {
        var node = Node("MaxPool", [from], to);
        node.Attribute.Add(Integers("kernel_shape", 2, 2));
        node.Attribute.Add(Integers("strides", 2, 2));
        graph.Node.Add(node);
    }

    private static AttributeProto Integers(string name, params long[] values) => new() { Name = name, Type = AttributeType.Ints, Ints = { values } };

    internal static void Dense(GraphProto graph, Random random, string from, string to, int inputs, int outputs) =>
        graph.Node.Add(Node("Gemm", [from, Weights(graph, random, $"{to}.w", inputs, outputs), Weights(graph, random, $"{to}.b", outputs)], to));

    private static string Weights(GraphProto graph, Random random, string name, params long[] dims)
    {
        var fanIn = dims.Length == 4 ? dims[1] * dims[2] * dims[3] : dims[0];
        var values = new float[dims.Aggregate(1L, (product, d) => product * d)];
        for (var i = 0; i < values.Length; i++)
            values[i] = (float)((random.NextDouble() * 2 - 1) * Math.Sqrt(3.0 / fanIn));
        graph.Initializer.Add(new TensorProto
        {
            Name = name,
            DataType = (int)DataType.Float,
            Dims = { dims },
            RawData = ByteString.CopyFrom(MemoryMarshal.AsBytes<float>(values)),
        });
        return name;
    }

    internal static NodeProto Node(string op, string[] inputs, string output) => new() { OpType = op, Name = output, Input = { inputs }, Output = { output } };

    private static ValueInfoProto Describe(string name, TensorShapeProto? shape) => new()
    {
        Name = name,
        Type = new() { TensorType = new() { ElemType = (int)DataType.Float, Shape = shape } },
    };
}
