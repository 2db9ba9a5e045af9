using OnnxKd.Core.Onnx;
using OnnxKd.StudentTrainer.Students.Layers;

namespace OnnxKd.StudentTrainer.Students;

/// <summary>
/// The residual networks for small images of He et al. 2016, section 4.2: a 3×3 convolution, three stages of (depth − 2)/6 blocks of two
/// 3×3 convolutions, of which the second and third begin with stride 2, then the mean of each channel. Where the shape changes, the
/// shortcut is a 1×1 convolution with its normalisation, as in the literature of distillation (Tian et al. 2020).
/// </summary>
internal static class ResNet
{
    private static readonly int[] Base = [16, 16, 32, 64];
    private static readonly int[] TimesFour = [32, 64, 128, 256];

    private static readonly StudentOption<int> Depth = Option.Size("depth", 20, "weighted layers: 8, 14, 20, ... (6n + 2)");

    private static readonly StudentOption<IReadOnlyList<int>> Widths =
        Option.Sizes("widths", Base, "channels of the first convolution, then of each stage");

    /// <summary>The published sizes.</summary>
    public static Architecture Architecture { get; } =
        new("resnet", "residual network for small images", "images", [Depth, Widths], Build)
        {
            Sizes =
            [
                .. new[] { 8, 14, 20, 32, 44, 56, 110 }.Select(depth => Sized($"resnet{depth}", depth, Base)),
                Sized("resnet8x4", 8, TimesFour),
                Sized("resnet32x4", 32, TimesFour),
            ],
        };

    private static NamedSize Sized(string name, int depth, int[] widths) => new(name, (Depth, depth), (Widths, widths));

    private static OnnxModel Build(StudentRequest student)
    {
        var (depth, widths) = (student.Get(Depth), student.Get(Widths));
        if (depth < 8 || depth % 6 != 2)
            throw student.Misfit(Depth, $"{depth}", "8, 14, 20, ... (6n + 2)");
        if (widths.Count != 4)
            throw student.Misfit(Widths, $"{widths.Count} widths", "4 widths: of the first convolution, then of each stage");
        var graph = student.Start();
        var x = graph.Relu("conv.relu", graph.NormalizedConvolution("conv", student.Images(graph), widths[0], 3));
        for (var stage = 1; stage <= 3; stage++)
        {
            for (var block = 1; block <= (depth - 2) / 6; block++)
                x = Block(graph, $"stage{stage}.block{block}", x, widths[stage], stage > 1 && block == 1 ? 2 : 1);
        }
        return graph.Build(graph.PooledClassifier(x, student.Classes));
    }

    private static Value Block(GraphBuilder graph, string name, Value x, int width, int stride)
    {
        var y = graph.Relu($"{name}.relu1", graph.NormalizedConvolution($"{name}.conv1", x, width, 3, stride));
        y = graph.NormalizedConvolution($"{name}.conv2", y, width, 3);
        var shortcut = stride == 1 && x.Size(1) == width ? x : graph.NormalizedConvolution($"{name}.shortcut", x, width, 1, stride);
        return graph.Relu($"{name}.relu2", graph.Add($"{name}.sum", y, shortcut));
    }
}
