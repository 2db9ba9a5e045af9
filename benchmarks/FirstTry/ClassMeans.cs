using Onnx;
using OnnxKd.Core.Onnx;

namespace OnnxKd.Benchmarks.FirstTry;

/// <summary>A teacher in closed form: the classes' means with the variance of each value within classes in common, which is a linear classifier (Fisher 1936, without correlations).</summary>
internal static class ClassMeans
{
    // Of the mean of the best score over the mean score: as sure as trained networks are.
    private const double Margin = 6;

    /// <summary>Fits one.</summary>
    /// <param name="values">Count × elements.</param>
    /// <param name="labels">The class of each.</param>
    /// <param name="classes">Classes.</param>
    /// <param name="shape">The shape of a sample.</param>
    public static OnnxModel Fit(float[] values, int[] labels, int classes, int[] shape)
    {
        var (elements, means, counts) = (values.Length / labels.Length, new double[classes][], new double[classes]);
        for (var c = 0; c < classes; c++)
            means[c] = new double[elements];
        for (var i = 0; i < values.Length; i++)
            means[labels[i / elements]][i % elements] += values[i];
        foreach (var label in labels)
            counts[label]++;
        for (var c = 0; c < classes; c++)
            means[c] = Array.ConvertAll(means[c], sum => sum / Math.Max(1, counts[c]));
        var variances = new double[elements];
        for (var i = 0; i < values.Length; i++)
            variances[i % elements] += Math.Pow(values[i] - means[labels[i / elements]][i % elements], 2) / labels.Length;
        var floor = 0.05 * variances.Average();
        double[] Scores(int row) => [.. means.Select(mean => Enumerable.Range(0, elements).Sum(j => (values[row * elements + j] * mean[j] - mean[j] * mean[j] / 2) / (variances[j] + floor)))];
        var size = Margin / Enumerable.Range(0, Math.Min(200, labels.Length)).Select(row => Scores(row * (labels.Length / Math.Min(200, labels.Length)))).Average(row => row.Max() - row.Average());

        var weights = new float[elements * classes];
        for (var i = 0; i < weights.Length; i++)
            weights[i] = (float)(size * means[i % classes][i / classes] / (variances[i / classes] + floor));
        float[] biases = [.. means.Select(mean => (float)(-size * Enumerable.Range(0, elements).Sum(j => mean[j] * mean[j] / 2 / (variances[j] + floor))))];
        var graph = new GraphProto
        {
            Name = "class-means",
            Input = { ValueInfo.Create("sample", Core.Tensors.ElementType.Float32, ["N", .. shape.Select(axis => (Dim)axis)]) },
            Output = { ValueInfo.Create("scores", Core.Tensors.ElementType.Float32, "N", classes) },
            Initializer = { TensorData.Create("w", weights, elements, classes), TensorData.Create("b", biases, classes) },
            Node =
            {
                new NodeProto { OpType = "Flatten", Input = { "sample" }, Output = { "flat" } },
                new NodeProto { OpType = "Gemm", Input = { "flat", "w", "b" }, Output = { "scores" } },
            },
        };
        return OnnxModel.FromProto(new() { IrVersion = 8, Graph = graph, OpsetImport = { new OperatorSetIdProto { Version = 17 } } });
    }
}
