using Onnx;

namespace OnnxKd.Core.Onnx;

/// <summary>An axis of a tensor that a graph treats as classes or channels.</summary>
/// <param name="Axis">The axis, the batch being 0, or negative from the end.</param>
/// <param name="IsRead">Whether something chooses or normalises along it; else it is where the tensor's maker puts channels.</param>
internal sealed record ChannelAxis(long Axis, bool IsRead)
{
    private const int MostNodes = 64;

    private static readonly HashSet<string> ChannelsFirst =
    [
        "Conv", "ConvTranspose", "ConvInteger", "QLinearConv", "DeformConv", "BatchNormalization", "InstanceNormalization", "GroupNormalization", "LRN", "MaxPool",
        "AveragePool", "LpPool", "GlobalAveragePool", "GlobalMaxPool", "DepthToSpace", "SpaceToDepth",
    ];

    // With weights behind them.
    private static readonly HashSet<string> ChannelsLast = ["MatMul", "MatMulInteger", "QLinearMatMul"];

    // What keeps every axis in its place.
    private static readonly HashSet<string> Passing =
    [
        "Identity", "Cast", "Dropout", "Relu", "LeakyRelu", "Elu", "Selu", "Gelu", "Mish", "Tanh", "Sigmoid", "HardSigmoid", "HardSwish", "Softplus", "Softsign", "Clip", "PRelu", "Neg", "Exp", "Log",
        "Sqrt", "Add", "Sub", "Mul", "Div", "Resize", "Upsample", "Pad", "QuantizeLinear", "DequantizeLinear",
    ];

    /// <summary>Finds it; <c>null</c>: nothing tells.</summary>
    /// <param name="index">The graph.</param>
    /// <param name="tensor">The tensor.</param>
    public static ChannelAxis? Find(GraphIndex index, string tensor) =>
        OfReaders(index, tensor, MostNodes) is { } read ? new(read, IsRead: true)
        : OfProducer(index, tensor, MostNodes) is { } made ? new(made, IsRead: false)
        : null;

    private static long? OfReaders(GraphIndex index, string tensor, int left)
    {
        var axes = new HashSet<long>();
        foreach (var reader in left == 0 ? [] : index.Consumers(tensor).Where(node => node.Input[0] == tensor && OperatorSets.IsOwn(node.Domain)))
        {
            if (reader.OpType is "ArgMax" or "Softmax" or "LogSoftmax" or "TopK" && AxisOf(reader) is { } axis and not 0)
                axes.Add(axis);
            else if (reader.OpType is "Identity" or "Cast" or "Sigmoid" && OfReaders(index, reader.Output[0], left - 1) is { } same)
                axes.Add(same);
            else if (reader.OpType == "Transpose" && OfReaders(index, reader.Output[0], left - 1) is { } moved && Permutation(reader) is { } order && Place(moved, order.Count) is { } at)
                axes.Add(order[at]);
        }

        return axes.Count == 1 ? axes.Single() : null;
    }

    private static long? OfProducer(GraphIndex index, string tensor, int left)
    {
        if (left == 0 || index.Producer(tensor) is not { Domain: "" or "ai.onnx" } node)
            return null;
        if (ChannelsFirst.Contains(node.OpType))
            return 1;
        if (ChannelsLast.Contains(node.OpType))
            return node.Input.Skip(1).Any(input => IsConstant(index, input)) ? -1 : IsConstant(index, node.Input[0]) ? -2 : null;
        if (node.OpType == "Einsum")
            return OfEquation(node, [.. node.Input.Select(input => IsConstant(index, input))]);
        if (node.OpType == "Transpose")
            return OfProducer(index, node.Input[0], left - 1) is { } axis && Permutation(node) is { } order && Place(axis, order.Count) is { } at ? order.IndexOf(at) : null;
        if (!Passing.Contains(node.OpType))
            return null;
        foreach (var input in node.OpType is "Add" or "Sub" or "Mul" or "Div" ? node.Input : node.Input.Take(1))
            if (!IsConstant(index, input) && OfProducer(index, input, left - 1) is { } found)
                return found;
        return null;
    }

    /// <summary>The only axis of the result that weights alone have, as in <c>ntf,fc->nct</c>.</summary>
    private static long? OfEquation(NodeProto node, bool[] areWeights)
    {
        var sides = node.Attribute.FirstOrDefault(attribute => attribute.Name == "equation")?.S.ToStringUtf8().Replace(" ", "").Split("->");
        if (sides is not [var terms, var result] || terms.Contains('.') || terms.Split(',') is not { } inputs || inputs.Length != areWeights.Length)
            return null;
        var ofSamples = string.Concat(inputs.Where((_, i) => !areWeights[i]));
        return result.Where(letter => !ofSamples.Contains(letter)).ToArray() is [var own] ? result.IndexOf(own) : null;
    }

    private static bool IsConstant(GraphIndex index, string tensor) =>
        index.Initializers.ContainsKey(tensor) || index.Producer(tensor) is { OpType: "Constant" }
        || index.Producer(tensor) is { OpType: "DequantizeLinear" or "Cast" or "Identity" or "Transpose" } made && IsConstant(index, made.Input[0]);

    private static long? AxisOf(NodeProto node) => node.Attribute.FirstOrDefault(attribute => attribute.Name == "axis")?.I ?? (node.OpType == "TopK" ? -1 : null);

    private static List<long>? Permutation(NodeProto node) => node.Attribute.FirstOrDefault(attribute => attribute.Name == "perm")?.Ints is { } order ? [.. order] : null;

    private static int? Place(long axis, int rank) => (axis < 0 ? axis + rank : axis) is var at && at >= 0 && at < rank ? (int)at : null;
}
