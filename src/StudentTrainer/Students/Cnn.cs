using OnnxKd.Core.Onnx;
using OnnxKd.StudentTrainer.Students.Layers;

namespace OnnxKd.StudentTrainer.Students;

/// <summary>
/// A small convolutional network: (3×3 convolution → BatchNormalization → Relu) per width, the first two followed by a 2×2 pooling, then
/// [mean of each channel, Lin et al. 2014] → Flatten → [Dropout] → Gemm → Relu → [Dropout] → Gemm.
/// </summary>
internal static class Cnn
{
    private const int PooledLayers = 2;

    private static readonly StudentOption<IReadOnlyList<int>> Widths =
        Option.Sizes("widths", [32, 64, 64], "channels of each convolution");

    private static readonly StudentOption<string> Pooling =
        Option.Word("pooling", ["none", "mean"], "what the hidden layer reads: every position, or the mean of each channel");

    private static readonly StudentOption<int> Hidden = Option.Size("hidden", 128, "units of the layer before the classifier");

    private static readonly StudentOption<IReadOnlyList<double>?> Dropout =
        Option.Probabilities("dropout", "before the hidden layer, then before the classifier");

    /// <summary>Its declaration.</summary>
    public static Architecture Architecture { get; } =
        new("cnn", "small convolutional network", "images", [Widths, Pooling, Hidden, Dropout], Build);

    private static OnnxModel Build(StudentRequest student)
    {
        var widths = student.Get(Widths);
        var dropout = student.Get(Dropout, 2);
        var graph = student.Start();
        var x = student.Images(graph);
        for (var i = 0; i < widths.Count; i++)
        {
            var name = $"conv{i + 1}";
            x = graph.NormalizedConvolution(name, x, widths[i], 3, initial: Initial.Uniform);
            x = graph.Relu($"{name}.relu", x);
            if (i < PooledLayers)
                x = graph.MaxPool($"{name}.pool", x);
        }
        if (student.Get(Pooling) == "mean")
            x = graph.GlobalAveragePool("pool", x);
        x = graph.Dropout("flatten.dropout", graph.Flatten("flatten", x), dropout[0]);
        x = graph.Relu("hidden.relu", graph.Dense("hidden", x, student.Get(Hidden)));
        x = graph.Dropout("hidden.dropout", x, dropout[1]);
        return graph.Build(graph.Dense("classifier", x, student.Classes));
    }
}
