using Onnx;
using OnnxKd.Core.Onnx;
using AttributeType = Onnx.AttributeProto.Types.AttributeType;

namespace OnnxKd.StudentTrainer.Students.Layers;

/// <summary>Maps of an image (or a signal) at several scales, each with half the height and width of the one before, for networks that give a map.</summary>
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
    /// Doubles every axis but batch and channels by repeating each value, and cuts off what another map lacks, whose odd sizes were rounded up when they were halved. A convolution
    /// behind it is free of the patterns of transposed convolutions (Odena et al. 2016).
    /// </summary>
    public static Value Enlarge(this GraphBuilder graph, string name, Value x, Value like)
    {
        int[] axes = [.. Enumerable.Range(2, x.Rank - 2)];
        float[] factors = [1, 1, .. axes.Select(_ => 2f)];
        var scales = graph.Node("Constant", $"{name}.scales", [factors.Length], [], new AttributeProto { Name = "value", Type = AttributeType.Tensor, T = TensorData.Create("", factors, factors.Length) });
        Dim[] shape = [.. x.Shape.Take(2), .. axes.Select(axis => (Dim)(2 * x.Size(axis)))];
        x = graph.Node(
            "Resize", name, shape, [x, new Value(""), scales], NodeAttribute.Text("mode", "nearest"),
            NodeAttribute.Text("coordinate_transformation_mode", "asymmetric"), NodeAttribute.Text("nearest_mode", "floor"));
        return axes.All(axis => x.Size(axis) == like.Size(axis))
            ? x
            : graph.First($"{name}.cut", x, graph.Integers($"{name}.size", [.. axes.Select(axis => (long)like.Size(axis))]), axes) with { Shape = [.. x.Shape.Take(2), .. like.Shape.Skip(2)] };
    }
}
