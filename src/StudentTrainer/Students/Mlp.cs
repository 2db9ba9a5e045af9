using OnnxKd.Core.Onnx;

namespace OnnxKd.StudentTrainer.Students;

/// <summary>A multilayer perceptron: Flatten → [Dropout] → (Gemm → Relu → [Dropout]) per hidden layer → Gemm.</summary>
internal static class Mlp
{
    /// <summary>Two hidden layers of 800, the student of Hinton et al. 2015, section 3.</summary>
    private static readonly int[] DefaultWidths = [800, 800];

    /// <summary>Builds it.</summary>
    public static OnnxModel Build(StudentOptions options, IReadOnlyList<int> sampleShape, int classes, ulong seed)
    {
        StudentChecks.RequireUnset(options, "hidden", options.Hidden is not null);
        var widths = StudentChecks.Widths(options, DefaultWidths);
        var dropout = StudentChecks.Dropout(options, widths.Count + 1, "of the input, then after each hidden layer");
        var builder = new GraphBuilder("mlp", sampleShape, seed).Flatten("flatten").Dropout("input.dropout", dropout[0]);
        var inputs = sampleShape.Aggregate(1, (product, size) => product * size);
        for (var i = 0; i < widths.Count; i++)
        {
            var name = $"hidden{i + 1}";
            builder.Dense(name, inputs, widths[i]).Relu($"{name}.relu").Dropout($"{name}.dropout", dropout[i + 1]);
            inputs = widths[i];
        }
        return builder.Dense("classifier", inputs, classes).Build(classes);
    }
}
