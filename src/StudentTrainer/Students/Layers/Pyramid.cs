using Onnx;
using OnnxKd.Core.Onnx;
using AttributeType = Onnx.AttributeProto.Types.AttributeType;

namespace OnnxKd.StudentTrainer.Students.Layers;

/// <summary>Maps of an image at several scales, each with half the height and width of the one before, for networks that give a map.</summary>
internal static class Pyramid
{
    /// <summary>Two 3×3 convolutions at each level; the first of each further level halves the map. The maps are called <c>stage1</c>, <c>stage2</c>, …</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="x">[N, channels, height, width].</param>
    /// <param name="widths">Channels of each level.</param>
    public static IReadOnlyList<Value> Levels(this GraphBuilder graph, Value x, IReadOnlyList<int> widths)
    {
        var levels = new List<Value>();
        foreach (var (index, width) in widths.Index())
            levels.Add(x = graph.Named($"stage{index + 1}", graph.Twice($"encoder{index + 1}", x, width, index == 0 ? 1 : 2)));
        return levels;
    }

    /// <summary>Two 3×3 convolutions with their normalisations.</summary>
    public static Value Twice(this GraphBuilder graph, string name, Value x, int width, int stride = 1)
    {
        x = graph.Relu($"{name}.relu1", graph.NormalizedConvolution($"{name}.conv1", x, width, 3, stride));
        return graph.Relu($"{name}.relu2", graph.NormalizedConvolution($"{name}.conv2", x, width, 3));
    }

    /// <summary>
    /// Doubles height and width by repeating each value, and cuts off what another map lacks, whose odd sizes were rounded up when they were halved. A convolution
    /// behind it is free of the patterns of transposed convolutions (Odena et al. 2016).
    /// </summary>
    public static Value Enlarge(this GraphBuilder graph, string name, Value x, Value like)
    {
        var scales = graph.Node("Constant", $"{name}.scales", [4], [], new AttributeProto { Name = "value", Type = AttributeType.Tensor, T = TensorData.Create("", [1f, 1f, 2f, 2f], 4) });
        Dim[] shape = [.. x.Shape.Take(2), 2 * x.Size(2), 2 * x.Size(3)];
        x = graph.Node(
            "Resize", name, shape, [x, new Value(""), scales], NodeAttribute.Text("mode", "nearest"),
            NodeAttribute.Text("coordinate_transformation_mode", "asymmetric"), NodeAttribute.Text("nearest_mode", "floor"));
        return x.Size(2) == like.Size(2) && x.Size(3) == like.Size(3)
            ? x
            : graph.First($"{name}.cut", x, graph.Integers($"{name}.size", like.Size(2), like.Size(3)), 2, 3) with { Shape = [.. x.Shape.Take(2), .. like.Shape.Skip(2)] };
    }
}
