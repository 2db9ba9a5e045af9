using OnnxKd.Core.Onnx;
using OnnxKd.Core.Tensors;

namespace OnnxKd.StudentTrainer.Students.Layers;

/// <summary>The convolutions of text recognisers, which turn an image of a line into a sequence of columns.</summary>
internal static class Columns
{
    private const int MostHalvings = 10;

    /// <summary>Their channels.</summary>
    public static StudentOption<IReadOnlyList<int>> Widths { get; } = Option.Sizes(
        "widths", [64, 128, 256, 512], "channels of each convolution of the image; each halves its height");

    /// <summary>How many pixels become one column, as a power of two.</summary>
    public static StudentOption<int> Halvings { get; } = new(
        "halvings", OptionKind.Size, 2, "how many of these convolutions, from the first on, halve its width too: T = width ÷ 2^halvings")
    {
        Minimum = 0, Maximum = MostHalvings,
    };

    /// <summary>
    /// (3×3 convolution → BatchNormalization → Relu → pooling) per width, then one vector per column: [N, features, T]. The image's width
    /// is free.
    /// </summary>
    public static Value ImageColumns(this StudentRequest student, GraphBuilder graph)
    {
        var widths = student.Get(Widths);
        var halvings = student.Get(Halvings);
        if (halvings > widths.Count)
            throw student.Misfit(Halvings, $"{halvings}", $"at most the number of widths, {widths.Count}");
        if (student.SampleShape.Count is not (2 or 3) || student.SampleShape[^1] < 1 << halvings)
            throw student.Misfit(
                "needs images of text lines", $"[height, width] or [channels, height, width], {1 << halvings} columns or more");
        var input = graph.Input(ElementType.Float32, [.. student.SampleShape.SkipLast(1).Select(size => (Dim)size), "W"]);
        var x = student.SampleShape.Count == 2 ? graph.Unsqueeze("image", input, 1) : input;
        for (var i = 0; i < widths.Count; i++)
        {
            var name = $"image{i + 1}";
            x = graph.Relu($"{name}.relu", graph.NormalizedConvolution(name, x, widths[i], 3));
            int[] lengths = [x.Size(2) > 1 ? 2 : 1, i < halvings ? 2 : 1];
            if (lengths is not [1, 1])
                x = graph.MaxPool($"{name}.pool", x, lengths);
        }
        return graph.Reshape("columns", x, 0, x.Size(1) * x.Size(2), -1);
    }
}
