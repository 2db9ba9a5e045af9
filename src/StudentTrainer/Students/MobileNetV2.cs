using OnnxKd.Core.Onnx;
using OnnxKd.StudentTrainer.Students.Layers;

namespace OnnxKd.StudentTrainer.Students;

/// <summary>
/// MobileNetV2 (Sandler et al. 2018, table 2): blocks that widen, convolve each channel on its own and narrow again without an activation.
/// </summary>
public sealed record MobileNetV2 : MobileNet
{
    /// <summary>Factor of widening, channels, blocks, stride of the first block.</summary>
    private static readonly (int Expansion, int Channels, int Blocks, int Stride)[] Stages =
        [(1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1)];

    /// <inheritdoc/>
    internal override string Meaning => "MobileNetV2";

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
        x = graph.Relu6("conv.relu6", graph.NormalizedConvolution("conv", x, Channels(32 * Width), 3, stride(2)));
        for (var stage = 0; stage < Stages.Length; stage++)
        {
            for (var block = 0; block < Stages[stage].Blocks; block++)
            {
                var (expansion, channels, _, first) = Stages[stage];
                var step = stride(block == 0 ? first : 1);
                x = Block(graph, $"stage{stage + 1}.block{block + 1}", x, expansion, Channels(channels * Width), step);
            }

            x = graph.Named($"stage{stage + 1}", x);
        }
        x = graph.Relu6("head.relu6", graph.NormalizedConvolution("head", x, Channels(1280 * Math.Max(1, Width)), 1));
        x = graph.Flatten("flatten", graph.GlobalAveragePool("pool", x));
        return graph.Build(graph.Dense("classifier", graph.Dropout("dropout", x, Dropout), student.Classes));
    }

    private static Value Block(GraphBuilder graph, string name, Value x, int expansion, int outputs, int stride)
    {
        var inner = x.Size(1) * expansion;
        var y = expansion == 1
            ? x
            : graph.Relu6($"{name}.expand.relu6", graph.NormalizedConvolution($"{name}.expand", x, inner, 1));
        y = graph.Relu6($"{name}.depthwise.relu6", graph.NormalizedConvolution($"{name}.depthwise", y, inner, 3, stride, inner));
        y = graph.NormalizedConvolution($"{name}.project", y, outputs, 1);
        return stride == 1 && x.Size(1) == outputs ? graph.Add($"{name}.sum", x, y) : y;
    }
}
