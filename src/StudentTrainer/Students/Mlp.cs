using OnnxKd.Core.Onnx;
using OnnxKd.Core.Settings;
using OnnxKd.Core.Tensors;
using OnnxKd.StudentTrainer.Students.Layers;

namespace OnnxKd.StudentTrainer.Students;

/// <summary>
/// A multilayer perceptron: Flatten → [Dropout] → (Gemm → Relu → [Dropout]) per hidden layer → Gemm; by default the student of Hinton et
/// al. 2015, section 3. Of samples with named inputs, numbers go in as they are, and a text as one column for each text of the transfer set, or as its row of
/// a learned table (Guo and Berkhahn, "Entity embeddings of categorical variables", 2016).
/// </summary>
public sealed record Mlp : Architecture
{
    /// <summary>Units of each hidden layer.</summary>
    [Setting("units of each hidden layer", AtLeast = 1, AtMost = Most)]
    public IReadOnlyList<int> Widths { get; init; } = [800, 800];

    /// <summary>Of the input, then after each hidden layer.</summary>
    [Setting("of the input, then after each hidden layer", AtLeast = 0, Below = 1)]
    public IReadOnlyList<double>? Dropout { get; init; }

    /// <summary>Learned numbers that stand for each text of a column; 0: a column of 0 and 1 for each text.</summary>
    [Setting("learned numbers that stand for each text of a column; 0: a column of 0 and 1 for each text", AtLeast = 0, AtMost = Most)]
    public int CategoryEmbedding { get; init; }

    /// <inheritdoc/>
    internal override string Meaning => "multilayer perceptron";

    /// <inheritdoc/>
    internal override string Samples => "any; of named inputs numbers and texts";

    /// <inheritdoc/>
    internal override OnnxModel Build(StudentRequest student)
    {
        var dropout = student.PerPlace(this, nameof(Dropout), Dropout, Widths.Count + 1);
        if (CategoryEmbedding > 0 && !student.SampleShape.Parts.Any(part => part.IsText))
            throw student.Misfit(nameof(CategoryEmbedding), $"{CategoryEmbedding}", "0: no input of the samples holds texts");
        var graph = student.Start();
        var x = student.SampleShape.Parts.Count > 0
            ? graph.Columns(student.SampleShape, CategoryEmbedding)
            : graph.Flatten("flatten", graph.Input(ElementType.Float32, [.. student.SampleShape]));
        x = graph.Dropout("input.dropout", x, dropout[0]);
        for (var i = 0; i < Widths.Count; i++)
        {
            var name = $"hidden{i + 1}";
            x = graph.Relu($"{name}.relu", graph.Dense(name, x, Widths[i]));
            x = graph.Dropout($"{name}.dropout", x, dropout[i + 1]);
        }
        return graph.Build(graph.Dense("classifier", x, student.Classes));
    }
}
