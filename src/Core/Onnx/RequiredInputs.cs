using Onnx;

namespace OnnxKd.Core.Onnx;

/// <summary>
/// Which inputs a node of ONNX's own operators must have. An empty name stands for an optional input that is left out; ONNX Runtime follows it
/// without looking where it stands for one that is required, and ends the process.
/// </summary>
internal static class RequiredInputs
{
    /// <summary>Operators whose inputs are all of one kind, any number of them: none may be empty.</summary>
    private static readonly HashSet<string> variadic = ["Concat", "Einsum", "Max", "Mean", "Min", "SequenceConstruct", "Sum"];

    /// <summary>How many of the first inputs are required, where that is not one, in every version of the operator.</summary>
    private static readonly Dictionary<string, int> counts = Counts(
        (0, "Constant Loop Optional RandomNormal RandomUniform Scan"),
        (2, """
            Add AffineGrid And BitShift BitwiseAnd BitwiseOr BitwiseXor CastLike Compress Conv ConvInteger ConvTranspose CumSum DequantizeLinear Div
            Equal Expand Gather GatherElements GatherND Gemm Greater GreaterOrEqual GridSample LayerNormalization Less LessOrEqual MatMul
            MatMulInteger MaxRoiPool MaxUnpool Mod Mul NonMaxSuppression Or Pow PRelu QuantizeLinear ReverseSequence RMSNormalization SequenceAt SequenceInsert
            StringConcat Sub Tile Xor NegativeLogLikelihoodLoss SoftmaxCrossEntropyLoss
            """),
        (3, "Attention DeformConv GRU GroupNormalization InstanceNormalization LSTM OneHot Range RNN RoiAlign RotaryEmbedding Scatter ScatterElements ScatterND TensorScatter Where"),
        (5, "BatchNormalization"),
        (8, "QLinearConv QLinearMatMul"));

    /// <summary>The same of ONNX Runtime's operators that it calls optional, and cannot do without on a processor.</summary>
    private static readonly Dictionary<string, int> contributed = Counts((3, "Attention"));

    /// <summary>What is wrong with a node's inputs; <c>null</c>: nothing.</summary>
    public static string? Problem(NodeProto node)
    {
        if (node.Domain == "com.microsoft")
            return Missing(node, contributed.GetValueOrDefault(node.OpType));
        if (node.Domain is not ("" or "ai.onnx"))
            return null;
        if (variadic.Contains(node.OpType))
            return node.Input.Count == 0 ? "no input" : node.Input.IndexOf("") is >= 0 and var empty ? $"input {empty} has no name" : null;
        return Missing(node, counts.GetValueOrDefault(node.OpType, 1));
    }

    private static string? Missing(NodeProto node, int required)
    {
        for (var i = 0; i < required; i++)
            if (i >= node.Input.Count || node.Input[i].Length == 0)
                return i < node.Input.Count ? $"input {i} has no name" : $"{node.Input.Count} inputs of at least {required}";
        return null;
    }

    private static Dictionary<string, int> Counts(params ReadOnlySpan<(int Count, string Operators)> groups)
    {
        var counts = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var (count, operators) in groups)
            foreach (var name in operators.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries))
                counts.Add(name, count);
        return counts;
    }
}
