using OnnxKd.Core.Onnx;
using OnnxKd.Core.Settings;
using OnnxKd.StudentTrainer.Students.Layers;

namespace OnnxKd.StudentTrainer.Students;

/// <summary>
/// A small convolutional network: (3×3 convolution → BatchNormalization → Relu) per width, the first two followed by a 2×2 pooling (of an axis of length 1, none), then
/// [mean of each channel, Lin et al. 2014] → Flatten → [Dropout] → Gemm → Relu → [Dropout] → Gemm.
/// </summary>
public sealed record Cnn : Architecture
{
    private const int PooledLayers = 2;

    /// <summary>Channels of each convolution.</summary>
    [Setting("channels of each convolution", AtLeast = 1, AtMost = Most)]
    public IReadOnlyList<int> Widths { get; init; } = [32, 64, 64];

    /// <summary>What the hidden layer reads: every position, or the mean of each channel.</summary>
    [Setting("what the hidden layer reads: every position, or the mean of each channel", Words = ["none", "mean"])]
    public string Pooling { get; init; } = "none";

    /// <summary>Units of the layer before the classifier.</summary>
    [Setting("units of the layer before the classifier", AtLeast = 1, AtMost = Most)]
    public int Hidden { get; init; } = 128;

    /// <summary>Before the hidden layer, then before the classifier.</summary>
    [Setting("before the hidden layer, then before the classifier", AtLeast = 0, Below = 1)]
    public IReadOnlyList<double>? Dropout { get; init; }

    /// <inheritdoc/>
    internal override string Meaning => "small convolutional network";

    /// <inheritdoc/>
    internal override string Samples => "images";

    /// <inheritdoc/>
    internal override bool IsConvolutional => true;

    /// <inheritdoc/>
    internal override OnnxModel Build(StudentRequest student)
    {
        var dropout = student.PerPlace(this, nameof(Dropout), Dropout, 2);
        var graph = student.Start();
        var x = student.Images(graph);
        for (var i = 0; i < Widths.Count; i++)
        {
            var name = $"conv{i + 1}";
            x = graph.NormalizedConvolution(name, x, Widths[i], 3, initial: Initial.Uniform);
            x = graph.Relu($"{name}.relu", x);
            if (i < PooledLayers)
                x = graph.MaxPool($"{name}.pool", x, x.Size(2) > 1 ? 2 : 1, x.Size(3) > 1 ? 2 : 1);
        }
        if (Pooling == "mean")
            x = graph.GlobalAveragePool("pool", x);
        x = graph.Dropout("flatten.dropout", graph.Flatten("flatten", x), dropout[0]);
        x = graph.Relu("hidden.relu", graph.Dense("hidden", x, Hidden));
        x = graph.Dropout("hidden.dropout", x, dropout[1]);
        return graph.Build(graph.Dense("classifier", x, student.Classes));
    }
}
