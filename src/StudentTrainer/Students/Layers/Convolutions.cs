using Onnx;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Tensors;

namespace OnnxKd.StudentTrainer.Students.Layers;

/// <summary>Convolutions over any number of spatial axes, their normalisation, and pooling.</summary>
internal static class Convolutions
{
    /// <summary>A convolution with the same kernel length on each axis.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="name">The node.</param>
    /// <param name="x">[N, channels, ...].</param>
    /// <param name="outputs">Channels that come out.</param>
    /// <param name="kernel">Kernel length.</param>
    /// <param name="stride">Step on each axis.</param>
    /// <param name="groups">Groups of channels; as many as channels: depthwise.</param>
    /// <param name="pad">Zeros around; by default as many as keep the size at stride 1.</param>
    /// <param name="initial">How the weights are drawn.</param>
    /// <param name="bias">Whether there is a bias: not where a normalisation follows.</param>
    public static Value Convolution(
        this GraphBuilder graph, string name, Value x, int outputs, int kernel, int stride = 1, int groups = 1, int? pad = null,
        Initial initial = Initial.HeNormal, bool bias = false)
    {
        var axes = x.Rank - 2;
        var around = pad ?? kernel / 2;
        var kernels = Enumerable.Repeat((long)kernel, axes).ToArray();
        var area = kernels.Aggregate(1L, (product, length) => product * length);
        var inputs = x.Size(1) / groups * area;
        var connections = initial == Initial.HeNormal ? outputs / groups * area : inputs;
        List<Value> tensors =
            [x, graph.Weight($"{name}.weight", initial, connections, [outputs, x.Size(1) / groups, .. kernels])];
        if (bias)
            tensors.Add(graph.Bias($"{name}.bias", initial, inputs, outputs));
        List<AttributeProto> attributes =
            [NodeAttribute.Ints("kernel_shape", kernels), NodeAttribute.Ints("pads", Enumerable.Repeat((long)around, 2 * axes))];
        if (stride > 1)
            attributes.Add(NodeAttribute.Ints("strides", Enumerable.Repeat((long)stride, axes)));
        if (groups > 1)
            attributes.Add(NodeAttribute.Int("group", groups));
        Dim[] shape = [x.Shape[0], outputs, .. x.Shape.Skip(2).Select(dim => graph.Slide(name, x, dim, kernel - 2 * around, stride))];
        return graph.Node("Conv", name, shape, [.. tensors], [.. attributes]);
    }

    /// <summary>Batch normalisation; its running statistics keep 0.9 of themselves in each step.</summary>
    public static Value BatchNormalization(this GraphBuilder graph, string name, Value x)
    {
        var channels = x.Size(1);
        Value[] tensors =
        [
            x, graph.Filled($"{name}.scale", 1, channels), graph.Filled($"{name}.bias", 0, channels),
            graph.Filled($"{name}.mean", 0, channels), graph.Filled($"{name}.variance", 1, channels),
        ];
        return graph.Node(
            "BatchNormalization", name, x.Shape, tensors, NodeAttribute.Float("epsilon", 1e-5f), NodeAttribute.Float("momentum", 0.9f));
    }

    /// <summary>A convolution without a bias, then its normalisation, <c>NAME.norm</c>.</summary>
    public static Value NormalizedConvolution(
        this GraphBuilder graph, string name, Value x, int outputs, int kernel, int stride = 1, int groups = 1,
        Initial initial = Initial.HeNormal) =>
        graph.BatchNormalization($"{name}.norm", graph.Convolution(name, x, outputs, kernel, stride, groups, initial: initial));

    /// <summary>The largest of each block of the given lengths; 2×2 if none are given.</summary>
    public static Value MaxPool(this GraphBuilder graph, string name, Value x, params int[] lengths)
    {
        lengths = lengths.Length == 0 ? [2, 2] : lengths;
        Dim[] shape = [.. x.Shape.Take(2), .. lengths.Select((length, i) => graph.Slide(name, x, x.Shape[i + 2], length, length))];
        var sizes = lengths.Select(length => (long)length).ToArray();
        return graph.Node("MaxPool", name, shape, [x], NodeAttribute.Ints("kernel_shape", sizes), NodeAttribute.Ints("strides", sizes));
    }

    /// <summary>The mean of each channel: [N, channels, 1, 1].</summary>
    public static Value GlobalAveragePool(this GraphBuilder graph, string name, Value x) =>
        graph.Node("GlobalAveragePool", name, [.. x.Shape.Take(2), .. x.Shape.Skip(2).Select(_ => (Dim)1)], [x]);

    /// <summary>The mean of each channel, then the classifier.</summary>
    public static Value PooledClassifier(this GraphBuilder graph, Value x, int classes) =>
        graph.Dense("classifier", graph.Flatten("flatten", graph.GlobalAveragePool("pool", x)), classes);

    /// <summary>How often a window fits on an axis.</summary>
    private static Dim Slide(this GraphBuilder graph, string name, Value x, Dim dim, int length, int stride) => dim.Size switch
    {
        null => stride == 1 ? dim : Shaping.Free,
        { } size when size >= length => (size - length) / stride + 1,
        _ => throw new InputException(
            $"The samples are too small for the architecture '{graph.Architecture}'.",
            where: $"student, layer '{name}'",
            found: Shapes.Format(x.Shape),
            expected: $"{length} or more on each axis of the image",
            remedy: "use larger samples, or fewer or other layers"),
    };
}
