using OnnxKd.Core.Onnx;
using OnnxKd.Core.Settings;
using OnnxKd.StudentTrainer.Students.Layers;

namespace OnnxKd.StudentTrainer.Students;

/// <summary>
/// The residual networks for small images of He et al. 2016, section 4.2: a 3×3 convolution, three stages of (depth − 2)/6 blocks of two
/// 3×3 convolutions, of which the second and third begin with stride 2, then the mean of each channel. Where the shape changes, the
/// shortcut is a 1×1 convolution with its normalisation, as in the literature of distillation (Tian et al. 2020).
/// </summary>
public sealed record ResNet : Architecture
{
    private static readonly int[] Base = [16, 16, 32, 64];
    private static readonly int[] TimesFour = [32, 64, 128, 256];

    /// <summary>Weighted layers: 8, 14, 20, ... (6n + 2).</summary>
    [Setting("weighted layers: 8, 14, 20, ... (6n + 2)", AtLeast = 1, AtMost = Most)]
    public int Depth { get; init; } = 20;

    /// <summary>Channels of the first convolution, then of each stage.</summary>
    [Setting("channels of the first convolution, then of each stage", AtLeast = 1, AtMost = Most)]
    public IReadOnlyList<int> Widths { get; init; } = Base;

    /// <inheritdoc/>
    internal override string Meaning => "residual network for small images";

    /// <inheritdoc/>
    internal override string Samples => "images";

    /// <inheritdoc/>
    internal override bool IsConvolutional => true;

    /// <inheritdoc/>
    internal override IReadOnlyList<NamedSize> Sizes =>
    [
        .. new[] { 8, 14, 20, 32, 44, 56, 110 }.Select(depth => Sized($"resnet{depth}", depth, Base)),
        Sized("resnet8x4", 8, TimesFour),
        Sized("resnet32x4", 32, TimesFour),
    ];

    private static NamedSize Sized(string name, int depth, int[] widths) => new(name, ("depth", depth), ("widths", widths));

    /// <inheritdoc/>
    internal override OnnxModel Build(StudentRequest student)
    {
        if (Depth < 8 || Depth % 6 != 2)
            throw student.Misfit(nameof(Depth), $"{Depth}", "8, 14, 20, ... (6n + 2)");
        if (Widths.Count != 4)
            throw student.Misfit(nameof(Widths), $"{Widths.Count} widths", "4 widths: of the first convolution, then of each stage");
        var graph = student.Start();
        var x = graph.Named("stem", graph.Relu("conv.relu", graph.NormalizedConvolution("conv", student.Images(graph), Widths[0], 3)));
        for (var stage = 1; stage <= 3; stage++)
        {
            for (var block = 1; block <= (Depth - 2) / 6; block++)
                x = Block(graph, $"stage{stage}.block{block}", x, Widths[stage], stage > 1 && block == 1 ? 2 : 1);
            x = graph.Named($"stage{stage}", x);
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
