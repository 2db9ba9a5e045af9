namespace OnnxKd.StudentTrainer.Operators;

/// <summary>What an operator computes with when a student is trained in mixed precision.</summary>
internal enum ComputeType
{
    /// <summary>bfloat16: floats that come in are rounded to it, weights too.</summary>
    BFloat16,

    /// <summary>float32: what comes in as bfloat16 is widened, and what goes out is float32.</summary>
    Float32,

    /// <summary>What comes in: bfloat16, or float32 as soon as one of several float inputs is that.</summary>
    AsGiven,
}

/// <summary>
/// Training in mixed precision: which operators compute in bfloat16, which in float32. The choice is that of PyTorch's autocast for CUDA,
/// by operator of ONNX.
/// </summary>
/// <remarks>
/// bfloat16 has float32's range and 8 bits of precision. Products profit: they take most of the time, and the hardware adds them up in
/// float32. What adds up many values or leaves their scale (exponentials, powers, quotients, statistics) would lose more than it gains.
/// </remarks>
internal static class MixedPrecision
{
    private static readonly Dictionary<string, ComputeType> ByName = Index(
    [
        (ComputeType.BFloat16,
        [
            "Conv", "ConvTranspose", "Gemm", "MatMul", "Einsum",
            "PRelu", // its slopes, alone in float32, would make float32 of all that follows
        ]),
        (ComputeType.Float32,
        [
            // Softmax, and what normalises each sample by its own statistics
            "Softmax", "LogSoftmax", "LayerNormalization", "RMSNormalization", "Attention", "RotaryEmbedding", "GroupNormalization", "InstanceNormalization", "LRN",
            "MeanVarianceNormalization", "LpNormalization",

            // Functions that leave the scale of what they take
            "Exp", "Log", "Pow", "Sqrt", "Reciprocal", "Sin", "Cos", "Erf", "Softplus", "Softsign", "Mish", "Mod",

            // Sums of many values
            "ReduceL1", "ReduceL2", "ReduceLogSum", "ReduceLogSumExp", "ReduceMean", "ReduceProd", "ReduceSum", "ReduceSumSquare",
            "CumSum", "Mean",

            // The state of a recurrent layer is a sum over time, and the gates are parts of one operator
            "RNN", "GRU", "LSTM",

            // Weights between pixels, and codes: steps of a scale
            "Upsample", "Resize", "GridSample", "QuantizeLinear", "DequantizeLinear",

            // libtorch wants one type in all inputs, or an input says the type of the output
            "Scatter", "ScatterElements", "ScatterND", "OneHot", "CastLike", "EyeLike",

            // A graph within a node runs in float32
            "If", "Loop", "Scan",
        ]),
        (ComputeType.AsGiven,
        [
            // Keeps its statistics, scale and bias in float32 and computes with that, whatever comes in
            "BatchNormalization",

            // Windows: libtorch adds up in float32
            "MaxPool", "AveragePool", "GlobalMaxPool", "GlobalAveragePool",

            // Activations that keep the scale
            "Relu", "LeakyRelu", "ThresholdedRelu", "Elu", "Selu", "Celu", "Sigmoid", "HardSigmoid", "HardSwish", "Tanh", "Gelu", "Swish", "Clip",
            "Dropout",

            // Element by element, and comparisons
            "Add", "Sub", "Mul", "Div", "Sum", "Max", "Min", "Neg", "Abs", "Sign", "Floor", "Ceil", "Round", "Where",
            "Equal", "Greater", "Less", "GreaterOrEqual", "LessOrEqual", "And", "Or", "Xor", "Not", "IsNaN", "IsInf",

            // The largest or smallest is one of what came in
            "ReduceMax", "ReduceMin", "ArgMax", "ArgMin", "TopK",

            // Shape and data
            "Identity", "Shape", "Size", "Reshape", "Flatten", "Squeeze", "Unsqueeze", "Transpose", "Expand", "Tile", "Concat", "Split",
            "Slice", "Pad", "DepthToSpace", "SpaceToDepth", "Cast", "Constant", "ConstantOfShape", "Range", "Trilu", "NonZero",
            "Gather", "GatherElements", "GatherND",
        ]),
    ]);

    /// <summary>The names of all operators of the table.</summary>
    public static IReadOnlyCollection<string> Names => ByName.Keys;

    /// <summary>What an operator computes with.</summary>
    public static ComputeType Of(OperatorEntry entry) => ByName.TryGetValue(entry.Name, out var type) ? type
        : ContribOperators.Names.Contains(entry.Name) ? ComputeType.Float32 // several operators in one
        : throw new KeyNotFoundException(entry.Name);

    private static Dictionary<string, ComputeType> Index((ComputeType Type, string[] Names)[] lists) =>
        lists.SelectMany(list => list.Names.Select(name => (name, list.Type))).ToDictionary(StringComparer.Ordinal);
}
