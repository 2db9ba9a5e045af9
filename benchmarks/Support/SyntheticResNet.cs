using Onnx;
using OnnxKd.Core.Onnx;
using static OnnxKd.Benchmarks.Support.SyntheticTeacher;

namespace OnnxKd.Benchmarks.Support;

/// <summary>Residual networks with random weights, their BatchNorms folded.</summary>
internal static class SyntheticResNet
{
    private static readonly (int Blocks, int Width)[] Stages = [(3, 64), (4, 128), (6, 256), (3, 512)];

    /// <summary>ResNet-50 (He et al. 2016): 3 × 224 × 224 in, 1,000 classes out, 25.5 million weights.</summary>
    public static OnnxModel Build()
    {
        var graph = Start(3, 224, 224);
        var random = new Random(1);
        Convolve(graph, random, "x", "stem", 3, 64, kernel: 7, stride: 2);
        Pool(graph, "stem", "pooled");
        var (x, channels) = ("pooled", 64);
        for (var stage = 0; stage < Stages.Length; stage++)
            for (var block = 0; block < Stages[stage].Blocks; block++)
            {
                var (name, width) = ($"s{stage}b{block}", Stages[stage].Width);
                Bottleneck(graph, random, x, name, channels, width, stride: stage > 0 && block == 0 ? 2 : 1);
                (x, channels) = (name, 4 * width);
            }

        graph.Node.Add(Node("GlobalAveragePool", [x], "mean"));
        graph.Node.Add(Node("Flatten", ["mean"], "flat"));
        Dense(graph, random, "flat", "logits", channels, 1000);
        return Finish(graph);
    }

    /// <summary>resnet32x4, the teacher of Tian et al. (2020): 3 × 32 × 32 in, 100 classes out, 7.4 million weights.</summary>
    public static OnnxModel Build32X4()
    {
        var graph = Start(3, 32, 32);
        var random = new Random(1);
        Convolve(graph, random, "x", "stem", 3, 32);
        var (x, channels) = ("stem", 32);
        foreach (var width in (int[])[64, 128, 256])
            for (var block = 0; block < 5; block++)
            {
                var name = $"w{width}b{block}";
                BasicBlock(graph, random, x, name, channels, width, stride: width > 64 && block == 0 ? 2 : 1);
                (x, channels) = (name, width);
            }

        graph.Node.Add(Node("GlobalAveragePool", [x], "mean"));
        graph.Node.Add(Node("Flatten", ["mean"], "flat"));
        Dense(graph, random, "flat", "logits", channels, 100);
        return Finish(graph);
    }

    private static void BasicBlock(GraphProto graph, Random random, string x, string name, int inputs, int width, int stride)
    {
        Convolve(graph, random, x, $"{name}.1", inputs, width, stride: stride);
        Convolve(graph, random, $"{name}.1", $"{name}.2", width, width, relu: false);
        Join(graph, random, x, $"{name}.2", name, inputs, width, stride);
    }

    private static void Bottleneck(GraphProto graph, Random random, string x, string name, int inputs, int width, int stride)
    {
        Convolve(graph, random, x, $"{name}.1", inputs, width, kernel: 1);
        Convolve(graph, random, $"{name}.1", $"{name}.2", width, width, stride: stride);
        Convolve(graph, random, $"{name}.2", $"{name}.3", width, 4 * width, kernel: 1, relu: false);
        Join(graph, random, x, $"{name}.3", name, inputs, 4 * width, stride);
    }

    private static void Join(GraphProto graph, Random random, string x, string branch, string name, int inputs, int outputs, int stride)
    {
        var shortcut = x;
        if (inputs != outputs)
            Convolve(graph, random, x, shortcut = $"{name}.shortcut", inputs, outputs, kernel: 1, stride: stride, relu: false);
        graph.Node.Add(Node("Add", [branch, shortcut], $"{name}.sum"));
        graph.Node.Add(Node("Relu", [$"{name}.sum"], name));
    }
}
