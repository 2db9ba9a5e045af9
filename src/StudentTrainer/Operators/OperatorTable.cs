using static OnnxKd.StudentTrainer.Operators.SlotRole;

namespace OnnxKd.StudentTrainer.Operators;

/// <summary>Every operator that a student may use, in the default domain of ONNX.</summary>
internal static class OperatorTable
{
    private static readonly OperatorEntry[] Entries =
    [
        // Convolution and pooling
        new("Conv", 1, [Data, Weight, Bias], Convolution.Conv) { UnitAxis = _ => 0 },
        new("MaxPool", 1, [Data], Pooling.MaxPool),
        new("AveragePool", 1, [Data], Pooling.AveragePool),
        new("GlobalMaxPool", 1, [Data], Pooling.GlobalMaxPool),
        new("GlobalAveragePool", 1, [Data], Pooling.GlobalAveragePool),

        // Linear
        new("Gemm", 7, [Weight, Weight, Bias], Linear.Gemm) { UnitAxis = Linear.GemmUnitAxis },
        new("MatMul", 1, [Weight, Weight], Linear.MatMul) { UnitAxis = Linear.MatMulUnitAxis },

        // Normalisation and regularisation
        new("BatchNormalization", 9, [Data, Scale, Bias, Statistic, Statistic], Normalization.BatchNormalization),
        new("Dropout", 7, [Data], Regularization.Dropout7),
        new("Dropout", 12, [Data], Regularization.Dropout12) { Host = [1, 2] },

        // Activations
        new("Relu", 1, [Data], Activations.Relu),
        new("LeakyRelu", 1, [Data], Activations.LeakyRelu),
        new("PRelu", 7, [Data, Slope], Activations.PRelu),
        new("ThresholdedRelu", 10, [Data], Activations.ThresholdedRelu),
        new("Elu", 1, [Data], Activations.Elu),
        new("Selu", 1, [Data], Activations.Selu),
        new("Celu", 12, [Data], Activations.Celu),
        new("Sigmoid", 1, [Data], Activations.Sigmoid),
        new("HardSigmoid", 1, [Data], Activations.HardSigmoid),
        new("HardSwish", 14, [Data], Activations.HardSwish),
        new("Tanh", 1, [Data], Activations.Tanh),
        new("Softplus", 1, [Data], Activations.Softplus),
        new("Softsign", 1, [Data], Activations.Softsign),
        new("Mish", 18, [Data], Activations.Mish),
        new("Gelu", 20, [Data], Activations.Gelu),
        new("Clip", 6, [Data], Activations.Clip6),
        new("Clip", 11, [Data], Activations.Clip11) { Host = [1, 2] },
        new("Softmax", 1, [Data], Softmaxes.Softmax1),
        new("Softmax", 13, [Data], Softmaxes.Softmax13),
        new("LogSoftmax", 1, [Data], Softmaxes.LogSoftmax1),
        new("LogSoftmax", 13, [Data], Softmaxes.LogSoftmax13),

        // Element by element
        new("Add", 7, [Operand], Arithmetic.Add),
        new("Sub", 7, [Operand], Arithmetic.Sub),
        new("Mul", 7, [Operand], Arithmetic.Mul),
        new("Div", 7, [Operand], Arithmetic.Div),
        new("Pow", 7, [Data], Arithmetic.Pow),
        new("Neg", 1, [Data], Arithmetic.Neg),
        new("Abs", 1, [Data], Arithmetic.Abs),
        new("Sqrt", 1, [Data], Arithmetic.Sqrt),
        new("Exp", 1, [Data], Arithmetic.Exp),
        new("Log", 1, [Data], Arithmetic.Log),
        new("Erf", 9, [Data], Arithmetic.Erf),
        new("Reciprocal", 1, [Data], Arithmetic.Reciprocal),

        // Shape and data
        new("Identity", 1, [Passed], Shaping.Identity),
        new("Shape", 1, [Data], Shaping.Shape) { Differentiable = false },
        new("Reshape", 5, [Passed, Data], Shaping.Reshape) { Host = [1] },
        new("Flatten", 1, [Passed], Shaping.Flatten),
        new("Squeeze", 1, [Passed], Shaping.Squeeze1),
        new("Squeeze", 13, [Passed, Data], Shaping.Squeeze13) { Host = [1] },
        new("Unsqueeze", 1, [Passed], Shaping.Unsqueeze1),
        new("Unsqueeze", 13, [Passed, Data], Shaping.Unsqueeze13) { Host = [1] },
        new("Transpose", 1, [Passed], Shaping.Transpose),
        new("Concat", 4, [Operand], Shaping.Concat),
        new("Gather", 1, [Embedding, Data], Shaping.Gather),
    ];

    private static readonly Dictionary<string, OperatorEntry[]> ByName = Index(Entries);

    /// <summary>All entries, in the order of the table.</summary>
    public static IReadOnlyList<OperatorEntry> All => Entries;

    /// <summary>The names of all operators.</summary>
    public static IReadOnlyCollection<string> Names => ByName.Keys;

    /// <summary>The entry for an operator at a version: the newest that is not newer; <c>null</c> if there is none.</summary>
    public static OperatorEntry? Find(string name, int version) =>
        ByName.TryGetValue(name, out var entries) ? Array.FindLast(entries, entry => entry.Since <= version) : null;

    /// <summary>Orders entries by name and version.</summary>
    /// <exception cref="InvalidOperationException">An operator is listed twice at one version.</exception>
    internal static Dictionary<string, OperatorEntry[]> Index(IEnumerable<OperatorEntry> entries) =>
        entries.GroupBy(entry => entry.Name, StringComparer.Ordinal).ToDictionary(group => group.Key, Versions, StringComparer.Ordinal);

    private static OperatorEntry[] Versions(IGrouping<string, OperatorEntry> group)
    {
        OperatorEntry[] ordered = [.. group.OrderBy(entry => entry.Since)];
        for (var i = 1; i < ordered.Length; i++)
        {
            if (ordered[i].Since == ordered[i - 1].Since)
                throw new InvalidOperationException($"The operator table lists {group.Key} twice from version {ordered[i].Since} on.");
        }
        return ordered;
    }
}
