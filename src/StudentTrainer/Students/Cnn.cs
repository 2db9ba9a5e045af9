using OnnxKd.Core.Errors;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Tensors;

namespace OnnxKd.StudentTrainer.Students;

/// <summary>
/// A small convolutional network: (3×3 convolution → BatchNormalization → Relu) per width, the first two followed by a 2×2 pooling, then
/// Flatten → [Dropout] → Gemm → Relu → [Dropout] → Gemm.
/// </summary>
internal static class Cnn
{
    private const int KernelSize = 3;
    private const int PooledLayers = 2;
    private const int DefaultHidden = 128;
    private static readonly int[] DefaultWidths = [32, 64, 64];

    /// <summary>Builds it, for samples [height, width] or [channels, height, width].</summary>
    public static OnnxModel Build(StudentOptions options, IReadOnlyList<int> sampleShape, int classes, ulong seed)
    {
        if (sampleShape.Count is not (2 or 3))
            throw new InputException(
                "The architecture 'cnn' needs images.",
                where: "student",
                found: $"samples of shape {Shapes.Format(sampleShape)}",
                expected: "[height, width] or [channels, height, width]",
                remedy: "use the architecture 'mlp'");
        var widths = StudentChecks.Widths(options, DefaultWidths);
        var hidden = StudentChecks.Positive("hidden", options.Hidden ?? DefaultHidden);
        var dropout = StudentChecks.Dropout(options, 2, "before the hidden layer, then before the classifier");
        var (channels, height, width) = (sampleShape.Count == 3 ? sampleShape[0] : 1, sampleShape[^2], sampleShape[^1]);
        if (Math.Min(height, width) >> Math.Min(PooledLayers, widths.Count) == 0)
            throw new InputException(
                "The images are too small for the architecture 'cnn'.", "student", $"{height}×{width}", "at least 4×4");

        var builder = new GraphBuilder("cnn", sampleShape, seed);
        if (sampleShape.Count == 2)
            builder.Unsqueeze("image", axis: 1);
        for (var i = 0; i < widths.Count; i++)
        {
            var name = $"conv{i + 1}";
            builder.Convolution(name, channels, widths[i], KernelSize).BatchNormalization($"{name}.norm", widths[i]).Relu($"{name}.relu");
            channels = widths[i];
            if (i >= PooledLayers)
                continue;
            builder.MaxPool($"{name}.pool");
            (height, width) = (height / 2, width / 2);
        }
        return builder.Flatten("flatten")
            .Dropout("flatten.dropout", dropout[0]).Dense("hidden", channels * height * width, hidden).Relu("hidden.relu")
            .Dropout("hidden.dropout", dropout[1]).Dense("classifier", hidden, classes)
            .Build(classes);
    }
}
