using OnnxKd.Core.Settings;
using OnnxKd.Core.Tensors;
using OnnxKd.StudentTrainer.Students.Layers;

namespace OnnxKd.StudentTrainer.Students;

/// <summary>A recogniser of text, whose convolutions turn an image of a line into a sequence of columns.</summary>
public abstract record ColumnReader : Architecture
{
    /// <summary>Channels of each convolution of the image; each halves its height.</summary>
    [Setting("channels of each convolution of the image; each halves its height", AtLeast = 1, AtMost = Most)]
    public IReadOnlyList<int> Widths { get; init; } = [64, 128, 256, 512];

    /// <summary>How many of these convolutions, from the first on, halve its width too: T = width ÷ 2^halvings.</summary>
    [Setting("how many of these convolutions, from the first on, halve its width too: T = width ÷ 2^halvings", AtLeast = 0, AtMost = 10)]
    public int Halvings { get; init; } = 2;

    /// <summary>
    /// (3×3 convolution → BatchNormalization → Relu → pooling) per width, then one vector per column: [N, features, T]. The image's width
    /// is free.
    /// </summary>
    private protected Value Columns(StudentRequest student, GraphBuilder graph)
    {
        if (Halvings > Widths.Count)
            throw student.Misfit(nameof(Halvings), $"{Halvings}", $"at most the number of widths, {Widths.Count}");
        if (PictureLayout.Of(student.SampleShape) is not { } picture || picture.Width < 1 << Halvings)
            throw student.WrongSamples(
                "needs images of text lines", $"[height, width], [channels, height, width] or [height, width, channels], {1 << Halvings} columns or more");
        var x = student.Images(graph, "W");
        for (var i = 0; i < Widths.Count; i++)
        {
            var name = $"image{i + 1}";
            x = graph.Relu($"{name}.relu", graph.NormalizedConvolution(name, x, Widths[i], 3));
            int[] lengths = [x.Size(2) > 1 ? 2 : 1, i < Halvings ? 2 : 1];
            if (lengths is not [1, 1])
                x = graph.MaxPool($"{name}.pool", x, lengths);
        }
        return graph.Reshape("columns", x, 0, x.Size(1) * x.Size(2), -1);
    }
}
