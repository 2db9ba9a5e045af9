using OnnxKd.Core.Onnx;
using OnnxKd.Core.Tensors;
using OnnxKd.StudentTrainer.Students.Layers;

namespace OnnxKd.StudentTrainer.Students;

/// <summary>A multilayer perceptron: Flatten → [Dropout] → (Gemm → Relu → [Dropout]) per hidden layer → Gemm.</summary>
internal static class Mlp
{
    private static readonly StudentOption<IReadOnlyList<int>> Widths = Option.Sizes("widths", [800, 800], "units of each hidden layer");

    private static readonly StudentOption<IReadOnlyList<double>?> Dropout =
        Option.Probabilities("dropout", "of the input, then after each hidden layer");

    /// <summary>By default the student of Hinton et al. 2015, section 3.</summary>
    public static Architecture Architecture { get; } =
        new("mlp", "multilayer perceptron", "any", [Widths, Dropout], Build);

    private static OnnxModel Build(StudentRequest student)
    {
        var widths = student.Get(Widths);
        var dropout = student.Get(Dropout, widths.Count + 1);
        var graph = student.Start();
        var x = graph.Flatten("flatten", graph.Input(ElementType.Float32, [.. student.SampleShape]));
        x = graph.Dropout("input.dropout", x, dropout[0]);
        for (var i = 0; i < widths.Count; i++)
        {
            var name = $"hidden{i + 1}";
            x = graph.Relu($"{name}.relu", graph.Dense(name, x, widths[i]));
            x = graph.Dropout($"{name}.dropout", x, dropout[i + 1]);
        }
        return graph.Build(graph.Dense("classifier", x, student.Classes));
    }
}
