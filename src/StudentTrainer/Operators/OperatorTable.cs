using static OnnxKd.StudentTrainer.Operators.ElementTypes;
using static OnnxKd.StudentTrainer.Operators.HalfPrecision;
using static OnnxKd.StudentTrainer.Operators.SlotRole;

namespace OnnxKd.StudentTrainer.Operators;

/// <summary>Every operator that a student may use, in the default domain of ONNX.</summary>
internal static class OperatorTable
{
    private static readonly OperatorEntry[] Entries =
    [
        // Convolution and pooling
        new("Conv", 1, [Data, Weight, Bias], Widened(Convolution.Conv, hasBFloat16: static _ => MultipliesBFloat16))
            { UnitAxis = _ => 0, MultiplyAdds = MultiplyAdds.Conv },
        new("ConvTranspose", 1, [Data, Weight, Bias], Widened(TransposedConvolution.ConvTranspose))
            { UnitAxis = _ => 1, MultiplyAdds = MultiplyAdds.ConvTranspose },
        new("MaxPool", 1, [Data], Widened(OfNumbers(Pooling.MaxPool), hasBFloat16: static x => x[0].ndim == 4)) { Outputs = 2 },
        new("AveragePool", 1, [Data], OfFloats(Pooling.AveragePool)),
        new("GlobalMaxPool", 1, [Data], OfFloats(Pooling.GlobalMaxPool)),
        new("GlobalAveragePool", 1, [Data], OfFloats(Pooling.GlobalAveragePool)),

        // Images
        new("Upsample", 7, [Passed], Widened(Resizing.Upsample7)),
        new("Upsample", 9, [Passed, Data], Widened(Resizing.Resize10)) { Host = [1] },
        new("Resize", 10, [Passed, Data], Widened(Resizing.Resize10)) { Host = [1] },
        new("Resize", 11, [Passed, Data], Widened(Resizing.Resize11)) { Host = [1, 2, 3] },
        new("Pad", 1, [Passed], Padding.Pad1),
        new("Pad", 2, [Passed], Padding.Pad2),
        new("Pad", 11, [Passed, Data], Padding.Pad11) { Host = [1, 2, 3] },
        new("DepthToSpace", 1, [Passed], SpaceDepth.DepthToSpace),
        new("SpaceToDepth", 1, [Passed], SpaceDepth.SpaceToDepth),
        new("GridSample", 16, [Data], Widened(GridSampling.GridSample)),

        // Linear
        new("Gemm", 1, [Weight, Weight, Bias], Widened(Linear.Gemm1, hasBFloat16: Linear.IsForOneDnn))
            { UnitAxis = Linear.GemmUnitAxis, MultiplyAdds = MultiplyAdds.Gemm },
        new("Gemm", 7, [Weight, Weight, Bias], Widened(Linear.Gemm7, hasBFloat16: Linear.IsForOneDnn))
            { UnitAxis = Linear.GemmUnitAxis, MultiplyAdds = MultiplyAdds.Gemm },
        new("MatMul", 1, [Weight, Weight], Widened(Linear.MatMul, hasBFloat16: Linear.IsForOneDnn))
            { UnitAxis = Linear.MatMulUnitAxis, MultiplyAdds = MultiplyAdds.MatMul },
        new("Einsum", 12, [Weight], Widened(OfNumbers(Linear.Einsum))),

        // Attention
        new("Attention", 23, [Data], Widened(Attention.Attend)),
        new("RotaryEmbedding", 23, [Data], Widened(OfNumbers(Attention.Rotate))),

        // Normalisation and regularisation
        new("BatchNormalization", 1, [Data, Scale, Bias, Statistic, Statistic],
            Widened(BatchNormalization.Compile1, hasBFloat16: BatchNormalization.KeepsFloat32)),
        new("BatchNormalization", 9, [Data, Scale, Bias, Statistic, Statistic],
            Widened(BatchNormalization.Compile9, hasBFloat16: BatchNormalization.KeepsFloat32)),
        new("BatchNormalization", 14, [Data, Scale, Bias, Statistic, Statistic],
            Widened(BatchNormalization.Compile14, hasBFloat16: BatchNormalization.KeepsFloat32)) { Outputs = 3 },
        new("LayerNormalization", 17, [Data, Scale, Bias], Widened(Normalization.LayerNormalization, narrowed: 1)) { Outputs = 3 },
        new("RMSNormalization", 23, [Data, Scale], Widened(OfNumbers(Normalization.RmsNormalization))),
        new("GroupNormalization", 18, [Data, Scale, Bias], Widened(Normalization.GroupNormalization18)),
        new("GroupNormalization", 21, [Data, Scale, Bias], Widened(Normalization.GroupNormalization21)),
        new("InstanceNormalization", 1, [Data, Scale, Bias], Widened(Normalization.InstanceNormalization)),
        new("LRN", 1, [Data], OfFloats(Normalization.Lrn)),
        new("MeanVarianceNormalization", 9, [Data], Widened(Normalization.MeanVarianceNormalization)),
        new("LpNormalization", 1, [Data], Widened(Normalization.LpNormalization)),
        new("Dropout", 1, [Data], Regularization.Dropout1) { Outputs = 2 },
        new("Dropout", 7, [Data], Regularization.Dropout7) { Outputs = 2 },
        new("Dropout", 10, [Data], Regularization.Dropout10) { Outputs = 2 },
        new("Dropout", 12, [Data], Regularization.Dropout12) { Host = [1, 2], Outputs = 2 },

        // Recurrent layers: data, weights of input and state, biases, lengths, first states, peepholes
        new("RNN", 7, [Data, Recurrent, Recurrent, Recurrent, Data, Data], Widened(OfNumbers(RecurrentLayers.Rnn)))
            { Host = [4], Outputs = 2, MultiplyAdds = MultiplyAdds.Recurrent },
        new("GRU", 7, [Data, Recurrent, Recurrent, Recurrent, Data, Data], Widened(OfNumbers(RecurrentLayers.Gru)))
            { Host = [4], Outputs = 2, MultiplyAdds = MultiplyAdds.Recurrent },
        new("LSTM", 7, [Data, Recurrent, Recurrent, Recurrent, Data, Data, Data, Recurrent], Widened(OfNumbers(RecurrentLayers.Lstm)))
            { Host = [4], Outputs = 3, MultiplyAdds = MultiplyAdds.Recurrent },

        // Quantisation
        new("QuantizeLinear", 10, [Passed, Data, Data], OfNumbers(Quantization.QuantizeLinear10)),
        new("QuantizeLinear", 13, [Passed, Data, Data], OfNumbers(Quantization.QuantizeLinear13)),
        new("DequantizeLinear", 10, [Passed, Data, Data], OfNumbers(Quantization.DequantizeLinear10)),
        new("DequantizeLinear", 13, [Passed, Data, Data], OfNumbers(Quantization.DequantizeLinear13)),

        // Activations
        new("Relu", 1, [Data], Widened(Activations.Relu, hasBFloat16: static _ => true)),
        new("LeakyRelu", 1, [Data], OfFloats(Activations.LeakyRelu)),
        new("PRelu", 1, [Data, Slope], Widened(OfNumbers(Activations.PRelu1))),
        new("PRelu", 7, [Data, Slope], Widened(OfNumbers(Activations.PRelu7))),
        new("ThresholdedRelu", 10, [Data], OfFloats(Activations.ThresholdedRelu)),
        new("Elu", 1, [Data], OfFloats(Activations.Elu)),
        new("Selu", 1, [Data], OfFloats(Activations.Selu1)),
        new("Selu", 6, [Data], OfFloats(Activations.Selu6)),
        new("Celu", 12, [Data], OfFloats(Activations.Celu)),
        new("Sigmoid", 1, [Data], OfFloats(Activations.Sigmoid)),
        new("HardSigmoid", 1, [Data], OfFloats(Activations.HardSigmoid)),
        new("HardSwish", 14, [Data], OfFloats(Activations.HardSwish)),
        new("Tanh", 1, [Data], OfFloats(Activations.Tanh)),
        new("Softplus", 1, [Data], OfFloats(Activations.Softplus)),
        new("Softsign", 1, [Data], OfFloats(Activations.Softsign)),
        new("Mish", 18, [Data], OfFloats(Activations.Mish)),
        new("Gelu", 20, [Data], OfFloats(Activations.Gelu)),
        new("Swish", 24, [Data], OfFloats(Activations.Swish)),
        new("Clip", 1, [Data], Widened(OfNumbers(Activations.Clip1))),
        new("Clip", 11, [Data], Widened(OfNumbers(Activations.Clip11))) { Host = [1, 2] },
        new("Softmax", 1, [Data], OfFloats(Softmaxes.Softmax1)),
        new("Softmax", 13, [Data], OfFloats(Softmaxes.Softmax13)),
        new("LogSoftmax", 1, [Data], OfFloats(Softmaxes.LogSoftmax1)),
        new("LogSoftmax", 13, [Data], OfFloats(Softmaxes.LogSoftmax13)),

        // Element by element
        new("Add", 1, [Operand], OfNumbers(Broadcasting.Before7(Arithmetic.Add))),
        new("Add", 7, [Operand], OfNumbers(Arithmetic.Add)),
        new("Sub", 1, [Operand], OfNumbers(Broadcasting.Before7(Arithmetic.Sub))),
        new("Sub", 7, [Operand], OfNumbers(Arithmetic.Sub)),
        new("Mul", 1, [Operand], OfNumbers(Broadcasting.Before7(Arithmetic.Mul))),
        new("Mul", 7, [Operand], OfNumbers(Arithmetic.Mul)),
        new("Div", 1, [Operand], OfNumbers(Broadcasting.Before7(Arithmetic.Div))),
        new("Div", 7, [Operand], OfNumbers(Arithmetic.Div)),
        new("Pow", 1, [Data], OfNumbers(Broadcasting.Before7(Arithmetic.Pow))),
        new("Pow", 7, [Data], OfNumbers(Arithmetic.Pow)),
        new("Mod", 10, [Data], Widened(OfNumbers(Arithmetic.Mod))),
        new("Neg", 1, [Data], OfNumbers(Elementary.Neg)),
        new("Abs", 1, [Data], OfNumbers(Elementary.Abs)),
        new("Sqrt", 1, [Data], OfFloats(Elementary.Sqrt)),
        new("Exp", 1, [Data], OfFloats(Elementary.Exp)),
        new("Log", 1, [Data], OfFloats(Elementary.Log)),
        new("Reciprocal", 1, [Data], OfFloats(Elementary.Reciprocal)),
        new("Sin", 7, [Data], OfFloats(Elementary.Sin)),
        new("Cos", 7, [Data], OfFloats(Elementary.Cos)),
        new("Erf", 9, [Data], OfFloats(Elementary.Erf)),
        new("Floor", 1, [Data], OfFloats(Elementary.Floor)) { Differentiable = false },
        new("Ceil", 1, [Data], OfFloats(Elementary.Ceil)) { Differentiable = false },
        new("Round", 11, [Data], OfFloats(Elementary.Round)) { Differentiable = false },
        new("Sign", 9, [Data], OfNumbers(Elementary.Sign)) { Differentiable = false },
        new("Sum", 1, [Operand], OfNumbers(Variadic.Sum)),
        new("Mean", 1, [Data], OfNumbers(Variadic.Mean)),
        new("Max", 1, [Data], OfNumbers(Variadic.Max)),
        new("Min", 1, [Data], OfNumbers(Variadic.Min)),

        // Comparisons and logic
        new("Equal", 1, [Data], Broadcasting.Before7(Logic.Equal)) { Differentiable = false },
        new("Equal", 7, [Data], Logic.Equal) { Differentiable = false },
        new("Greater", 1, [Data], OfNumbers(Broadcasting.Before7(Logic.Greater))) { Differentiable = false },
        new("Greater", 7, [Data], OfNumbers(Logic.Greater)) { Differentiable = false },
        new("Less", 1, [Data], OfNumbers(Broadcasting.Before7(Logic.Less))) { Differentiable = false },
        new("Less", 7, [Data], OfNumbers(Logic.Less)) { Differentiable = false },
        new("And", 1, [Data], OfBools(Broadcasting.Before7(Logic.And), 2)) { Differentiable = false },
        new("And", 7, [Data], OfBools(Logic.And, 2)) { Differentiable = false },
        new("Or", 1, [Data], OfBools(Broadcasting.Before7(Logic.Or), 2)) { Differentiable = false },
        new("Or", 7, [Data], OfBools(Logic.Or, 2)) { Differentiable = false },
        new("Xor", 1, [Data], OfBools(Broadcasting.Before7(Logic.Xor), 2)) { Differentiable = false },
        new("Xor", 7, [Data], OfBools(Logic.Xor, 2)) { Differentiable = false },
        new("GreaterOrEqual", 12, [Data], OfNumbers(Logic.GreaterOrEqual)) { Differentiable = false },
        new("LessOrEqual", 12, [Data], OfNumbers(Logic.LessOrEqual)) { Differentiable = false },
        new("Not", 1, [Data], OfBools(Logic.Not, 1)) { Differentiable = false },
        new("IsNaN", 9, [Data], OfFloats(Logic.IsNaN)) { Differentiable = false },
        new("IsInf", 10, [Data], OfFloats(Logic.IsInf)) { Differentiable = false },
        new("Where", 9, [Data], OfBools(Logic.Where, 1)),

        // Reductions and rankings
        new("ReduceL1", 1, [Data], Widened(OfNumbers(Reductions.ByAttribute(Reductions.L1)))),
        new("ReduceL1", 18, [Data], Widened(OfNumbers(Reductions.ByInput(Reductions.L1)))) { Host = [1] },
        new("ReduceL2", 1, [Data], Widened(OfNumbers(Reductions.ByAttribute(Reductions.L2)))),
        new("ReduceL2", 18, [Data], Widened(OfNumbers(Reductions.ByInput(Reductions.L2)))) { Host = [1] },
        new("ReduceLogSum", 1, [Data], Widened(OfNumbers(Reductions.ByAttribute(Reductions.LogSum)))),
        new("ReduceLogSum", 18, [Data], Widened(OfNumbers(Reductions.ByInput(Reductions.LogSum)))) { Host = [1] },
        new("ReduceLogSumExp", 1, [Data], Widened(OfNumbers(Reductions.ByAttribute(Reductions.LogSumExp)))),
        new("ReduceLogSumExp", 18, [Data], Widened(OfNumbers(Reductions.ByInput(Reductions.LogSumExp)))) { Host = [1] },
        new("ReduceMax", 1, [Data], Widened(OfNumbers(Reductions.ByAttribute(Reductions.Max)))),
        new("ReduceMax", 18, [Data], Widened(OfNumbers(Reductions.ByInput(Reductions.Max)))) { Host = [1] },
        new("ReduceMax", 20, [Data], Widened(Reductions.ByInput(Reductions.Max))) { Host = [1] }, // of truth values too
        new("ReduceMean", 1, [Data], Widened(OfNumbers(Reductions.ByAttribute(Reductions.Mean)))),
        new("ReduceMean", 18, [Data], Widened(OfNumbers(Reductions.ByInput(Reductions.Mean)))) { Host = [1] },
        new("ReduceMin", 1, [Data], Widened(OfNumbers(Reductions.ByAttribute(Reductions.Min)))),
        new("ReduceMin", 18, [Data], Widened(OfNumbers(Reductions.ByInput(Reductions.Min)))) { Host = [1] },
        new("ReduceMin", 20, [Data], Widened(Reductions.ByInput(Reductions.Min))) { Host = [1] },
        new("ReduceProd", 1, [Data], Widened(OfNumbers(Reductions.ByAttribute(Reductions.Prod)))),
        new("ReduceProd", 18, [Data], Widened(OfNumbers(Reductions.ByInput(Reductions.Prod)))) { Host = [1] },
        new("ReduceSum", 1, [Data], Widened(OfNumbers(Reductions.ByAttribute(Reductions.Sum)))),
        new("ReduceSum", 13, [Data], Widened(OfNumbers(Reductions.ByInput(Reductions.Sum)))) { Host = [1] },
        new("ReduceSumSquare", 1, [Data], Widened(OfNumbers(Reductions.ByAttribute(Reductions.SumSquare)))),
        new("ReduceSumSquare", 18, [Data], Widened(OfNumbers(Reductions.ByInput(Reductions.SumSquare)))) { Host = [1] },
        new("ArgMax", 1, [Data], Widened(OfNumbers(Ranking.ArgMax))) { Differentiable = false },
        new("ArgMin", 1, [Data], Widened(OfNumbers(Ranking.ArgMin))) { Differentiable = false },
        new("TopK", 1, [Data], Widened(OfNumbers(Ranking.TopK1))) { Outputs = 2 },
        new("TopK", 10, [Data], Widened(OfNumbers(Ranking.TopK10))) { Outputs = 2, Host = [1] },
        new("CumSum", 11, [Data], Widened(Accumulation.CumSum)) { Host = [1] },

        // Shape and data
        new("Identity", 1, [Passed], Shaping.Identity),
        new("Shape", 1, [Data], Shaping.Shape) { Differentiable = false },
        new("Size", 1, [Data], Shaping.Size) { Differentiable = false },
        new("Reshape", 1, [Passed], Shaping.Reshape1),
        new("Reshape", 5, [Passed, Data], Shaping.Reshape5) { Host = [1] },
        new("Flatten", 1, [Passed], Shaping.Flatten),
        new("Squeeze", 1, [Passed], Shaping.Squeeze1),
        new("Squeeze", 13, [Passed, Data], Shaping.Squeeze13) { Host = [1] },
        new("Unsqueeze", 1, [Passed], Shaping.Unsqueeze1),
        new("Unsqueeze", 13, [Passed, Data], Shaping.Unsqueeze13) { Host = [1] },
        new("Transpose", 1, [Passed], Shaping.Transpose),
        new("Expand", 8, [Passed, Data], Shaping.Expand) { Host = [1] },
        new("Tile", 1, [Passed, Data], Repeating.Tile1) { Host = [1, 2] },
        new("Tile", 6, [Passed, Data], Repeating.Tile6) { Host = [1] },
        new("Concat", 1, [Operand], Joining.Concat1),
        new("Concat", 4, [Operand], Joining.Concat4),
        new("Split", 2, [Passed], Joining.Split2) { Outputs = OperatorEntry.Any },
        new("Split", 13, [Passed, Data], Joining.Split13) { Outputs = OperatorEntry.Any, Host = [1] },
        new("Split", 18, [Passed, Data], Joining.Split18) { Outputs = OperatorEntry.Any, Host = [1] },
        new("Slice", 1, [Passed], Slicing.Slice1),
        new("Slice", 10, [Passed, Data], Slicing.Slice10) { Host = [1, 2, 3, 4] },
        new("Cast", 6, [Passed], Casting.Cast),
        new("CastLike", 15, [Passed, Data], Casting.CastLike),
        new("Constant", 1, [], Creation.Constant) { Differentiable = false },
        new("ConstantOfShape", 9, [Data], Creation.ConstantOfShape) { Host = [0], Differentiable = false },
        new("Range", 11, [Data], OfNumbers(Creation.Range)) { Host = [0, 1, 2], Differentiable = false },
        new("EyeLike", 9, [Data], Creation.EyeLike) { Differentiable = false },
        new("OneHot", 9, [Data], Creation.OneHot) { Host = [1] },
        new("Trilu", 14, [Data], Triangles.Trilu) { Host = [1] },
        new("NonZero", 9, [Data], Gathering.NonZero) { Differentiable = false },
        new("Gather", 1, [Embedding, Data], Gathering.Gather),
        new("GatherElements", 11, [Passed, Data], Gathering.GatherElements),
        new("GatherND", 11, [Passed, Data], Gathering.GatherND),
        new("Scatter", 9, [Data], Scattering.ScatterElements),
        new("ScatterElements", 11, [Data], Scattering.ScatterElements),
        new("ScatterND", 11, [Data], Scattering.ScatterND),

        // Control flow
        new("If", 1, [Data], Branching.If) { Host = [0], Outputs = OperatorEntry.Any },
        new("Loop", 1, [Data], Looping.Loop) { Host = [0, 1], Outputs = OperatorEntry.Any },
        new("Scan", 9, [Data], Looping.Scan) { Outputs = OperatorEntry.Any },
    ];

    /// <summary>The newest version of ONNX's operator set that the executor is tested with.</summary>
    public const int NewestOpset = 26;

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
