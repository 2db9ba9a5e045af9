using OnnxKd.Core.Onnx;
using OnnxKd.StudentTrainer.Students.Layers;

namespace OnnxKd.StudentTrainer.Students;

/// <summary>
/// MobileNetV3 (Howard et al. 2019, tables 1 and 2): MobileNetV2's blocks, some with 5×5 kernels, HardSwish, and squeeze-and-excitation
/// (Hu et al. 2018), which scales each channel by what the means of all channels say.
/// </summary>
public abstract record MobileNetV3 : MobileNet
{
    internal sealed record Bottleneck(int Kernel, int Inner, int Channels, bool Squeeze, bool Swish, int Stride);

    private protected static readonly Bottleneck[] LargeBlocks =
    [
        new(3, 16, 16, false, false, 1),
        new(3, 64, 24, false, false, 2), new(3, 72, 24, false, false, 1),
        new(5, 72, 40, true, false, 2), new(5, 120, 40, true, false, 1), new(5, 120, 40, true, false, 1),
        new(3, 240, 80, false, true, 2), new(3, 200, 80, false, true, 1), new(3, 184, 80, false, true, 1), new(3, 184, 80, false, true, 1),
        new(3, 480, 112, true, true, 1), new(3, 672, 112, true, true, 1),
        new(5, 672, 160, true, true, 2), new(5, 960, 160, true, true, 1), new(5, 960, 160, true, true, 1),
    ];

    private protected static readonly Bottleneck[] SmallBlocks =
    [
        new(3, 16, 16, true, false, 2),
        new(3, 72, 24, false, false, 2), new(3, 88, 24, false, false, 1),
        new(5, 96, 40, true, true, 2), new(5, 240, 40, true, true, 1), new(5, 240, 40, true, true, 1),
        new(5, 120, 48, true, true, 1), new(5, 144, 48, true, true, 1),
        new(5, 288, 96, true, true, 2), new(5, 576, 96, true, true, 1), new(5, 576, 96, true, true, 1),
    ];

    private protected abstract Bottleneck[] Blocks { get; }

    /// <summary>Units before the classifier, at a width of 1.</summary>
    private protected abstract int Hidden { get; }

    /// <inheritdoc/>
    internal override string Samples => "images";

    /// <inheritdoc/>
    internal override bool IsConvolutional => true;

    /// <inheritdoc/>
    internal override OnnxModel Build(StudentRequest student)
    {
        var graph = student.Start();
        var x = student.Images(graph);
        var stride = Strides(x);
        x = graph.HardSwish("conv.hardswish", graph.NormalizedConvolution("conv", x, Channels(16 * Width), 3, stride(2)));
        for (var i = 0; i < Blocks.Length; i++)
            x = graph.Named($"block{i + 1}", Block(graph, $"block{i + 1}", x, Blocks[i], Width, stride(Blocks[i].Stride)));
        x = graph.HardSwish("head.hardswish", graph.NormalizedConvolution("head", x, 6 * x.Size(1), 1));
        x = graph.Flatten("flatten", graph.GlobalAveragePool("pool", x));
        x = graph.HardSwish("hidden.hardswish", graph.Dense("hidden", x, Channels(Hidden * Width)));
        return graph.Build(graph.Dense("classifier", graph.Dropout("dropout", x, Dropout), student.Classes));
    }

    private static Value Block(GraphBuilder graph, string name, Value x, Bottleneck block, double width, int stride)
    {
        var (inner, outputs) = (Channels(block.Inner * width), Channels(block.Channels * width));
        var y = inner == x.Size(1) ? x : Activated($"{name}.expand", graph.NormalizedConvolution($"{name}.expand", x, inner, 1));
        y = Activated(
            $"{name}.depthwise", graph.NormalizedConvolution($"{name}.depthwise", y, inner, block.Kernel, stride, inner));
        y = block.Squeeze ? SqueezeAndExcite(graph, $"{name}.squeeze", y) : y;
        y = graph.NormalizedConvolution($"{name}.project", y, outputs, 1);
        return stride == 1 && x.Size(1) == outputs ? graph.Add($"{name}.sum", x, y) : y;

        Value Activated(string layer, Value value) =>
            block.Swish ? graph.HardSwish($"{layer}.hardswish", value) : graph.Relu($"{layer}.relu", value);
    }

    private static Value SqueezeAndExcite(GraphBuilder graph, string name, Value x)
    {
        var inner = Channels(x.Size(1) / 4);
        var y = graph.GlobalAveragePool($"{name}.pool", x);
        y = graph.Relu($"{name}.relu", graph.Convolution($"{name}.reduce", y, inner, 1, bias: true));
        y = graph.HardSigmoid($"{name}.gate", graph.Convolution($"{name}.expand", y, x.Size(1), 1, bias: true));
        return graph.Binary("Mul", name, x, y);
    }
}

/// <summary>The small one.</summary>
public sealed record MobileNetV3Small : MobileNetV3
{
    /// <inheritdoc/>
    internal override string Meaning => "MobileNetV3-Small";

    private protected override Bottleneck[] Blocks => SmallBlocks;

    private protected override int Hidden => 1024;
}

/// <summary>The large one.</summary>
public sealed record MobileNetV3Large : MobileNetV3
{
    /// <inheritdoc/>
    internal override string Meaning => "MobileNetV3-Large";

    private protected override Bottleneck[] Blocks => LargeBlocks;

    private protected override int Hidden => 1280;
}
