using OnnxKd.Core.Onnx;
using OnnxKd.Core.Tensors;

namespace OnnxKd.StudentTrainer.Students.Layers;

/// <summary>The convolutions of text recognisers, which turn an image of a line into a sequence of columns.</summary>
internal static class Columns
{
    private const int HalvedColumns = 2;

    /// <summary>Their channels.</summary>
    public static StudentOption<IReadOnlyList<int>> Widths { get; } = Option.Sizes(
        "widths", [64, 128, 256, 512],
        "channels of each convolution of the image; the first two halve its width, all halve its height");

    /// <summary>
    /// (3×3 convolution → BatchNormalization → Relu → pooling) per width, then one vector per column: [N, features, T]. The image's width
    /// is free.
    /// </summary>
    public static Value ImageColumns(this StudentRequest student, GraphBuilder graph)
    {
        if (student.SampleShape.Count is not (2 or 3) || student.SampleShape[^1] < 1 << HalvedColumns)
            throw student.Misfit(
                "needs images of text lines", $"[height, width] or [channels, height, width], {1 << HalvedColumns} columns or more");
        var input = graph.Input(ElementType.Float32, [.. student.SampleShape.SkipLast(1).Select(size => (Dim)size), "W"]);
        var x = student.SampleShape.Count == 2 ? graph.Unsqueeze("image", input, 1) : input;
        var widths = student.Get(Widths);
        for (var i = 0; i < widths.Count; i++)
        {
            var name = $"image{i + 1}";
            x = graph.Relu($"{name}.relu", graph.NormalizedConvolution(name, x, widths[i], 3));
            int[] lengths = [x.Size(2) > 1 ? 2 : 1, i < HalvedColumns ? 2 : 1];
            if (lengths is not [1, 1])
                x = graph.MaxPool($"{name}.pool", x, lengths);
        }
        return graph.Reshape("columns", x, 0, x.Size(1) * x.Size(2), -1);
    }
}
