using Onnx;

namespace OnnxKd.Core.Onnx;

/// <summary>What a model computes in integers of 8 bits, and how coarse that makes its outputs.</summary>
internal static class QuantizedArithmetic
{
    /// <summary>Operators that ONNX Runtime computes, alone or together with their neighbours, in integers.</summary>
    private static readonly HashSet<string> Integer =
    [
        "QuantizeLinear", "DynamicQuantizeLinear", "QLinearConv", "QLinearMatMul", "ConvInteger", "MatMulInteger",
        "DynamicQuantizeMatMul", "DynamicQuantizeLSTM", "MatMulIntegerToFloat", "QAttention", "QGemm",
    ];

    /// <summary>Those that choose their scale anew in each run, by the least and the greatest of all values that they are given.</summary>
    private static readonly HashSet<string> Dynamic = ["DynamicQuantizeLinear", "DynamicQuantizeMatMul", "DynamicQuantizeLSTM", "QAttention"];

    /// <summary>Operators that hand on a step of their first input, made no larger.</summary>
    private static readonly HashSet<string> Passing =
    [
        "DequantizeLinear", "Identity", "Reshape", "Flatten", "Squeeze", "Unsqueeze", "Transpose", "Relu", "Clip", "Sigmoid", "Tanh",
        "LogSoftmax", "Softmax",
    ];

    /// <summary>Whether a model is computed in integers anywhere, subgraphs included. Integers that only store weights do not count.</summary>
    public static bool IsUsed(GraphProto graph) => graph.Node.Any(node =>
        Integer.Contains(node.OpType) || node.Attribute.Any(attribute => attribute.G is { } inner && IsUsed(inner)));

    /// <summary>Whether samples that run together would be rounded otherwise than each alone.</summary>
    public static bool IsDynamic(GraphProto graph) => graph.Node.Any(node => Dynamic.Contains(node.OpType) || ModelTraversal.Subgraphs(node).Any(IsDynamic));

    /// <summary>Whether a model writes its integers as floats between quantisations (QDQ): computed node by node it is a model of floats.</summary>
    public static bool DescribesFloats(GraphProto graph) =>
        graph.Node.Any(node => node.OpType == "QuantizeLinear") && graph.Node.Any(node => node.OpType == "DequantizeLinear");

    /// <summary>
    /// How far an output moves when a value that is rounded to 8 bits before it lands one code beside: the scale of the last quantisation,
    /// times the largest weight where one layer of weights lies behind it.
    /// </summary>
    /// <param name="graph">The model's graph.</param>
    /// <param name="output">The name of a tensor.</param>
    /// <returns>The step; <c>null</c> where nothing quantises the output, or something else lies between.</returns>
    public static double? StepOf(GraphProto graph, string output)
    {
        var index = new GraphIndex(graph);
        var gain = 1.0;
        var layers = 0;
        var tensor = output;
        while (index.Producer(tensor) is { } node)
        {
            if (node.OpType == "QuantizeLinear")
                return Largest(index, node.Input[1]) * gain;
            if (HandedOn(index, node) is { } before)
            {
                tensor = before;
                continue;
            }
            if (node.OpType is not ("Gemm" or "MatMul" or "Conv") || ++layers > 1 || LargestWeight(index, node.Input[1]) is not { } weight)
                return null;
            gain *= weight;
            tensor = node.Input[0];
        }
        return null;
    }

    /// <summary>
    /// How far an output may move where each activation that is rounded to 8 bits lands one code beside, as sums do that lie halfway between two: a step
    /// (<see cref="StepOf"/>) for each rounding of the graph.
    /// </summary>
    /// <inheritdoc cref="StepOf"/>
    /// <returns>The allowance; 0 where no step is known.</returns>
    public static double AllowanceOf(GraphProto graph, string output) =>
        (StepOf(graph, output) ?? 0) * graph.Node.Count(node => node.OpType == "QuantizeLinear");

    /// <summary>The input whose step a node hands on; <c>null</c>: it does not, or makes it larger. A bias of the file moves nothing.</summary>
    private static string? HandedOn(GraphIndex index, NodeProto node) =>
        Passing.Contains(node.OpType) ? node.Input[0]
        : node.OpType == "Add" && node.Input.Where(input => !IsHeld(index, input)).ToArray() is [var sum] ? sum
        : null;

    private static bool IsHeld(GraphIndex index, string name) =>
        index.Initializers.ContainsKey(name) || index.Producer(name) is { OpType: "DequantizeLinear" } codes && index.Initializers.ContainsKey(codes.Input[0]);

    private static double? LargestWeight(GraphIndex index, string name) => index.Producer(name) is { OpType: "DequantizeLinear" } codes
        ? Largest(index, codes.Input[0]) * Largest(index, codes.Input[1])
        : Largest(index, name);

    private static double? Largest(GraphIndex index, string name)
    {
        if (!index.Initializers.TryGetValue(name, out var tensor))
            return null;
        var values = TensorTypes.IsFloat(tensor.DataType) ? tensor.ToFloats() : Array.ConvertAll(tensor.ToLongs(), value => (float)value);
        return values.Length == 0 ? null : values.Max(value => Math.Abs((double)value));
    }
}
