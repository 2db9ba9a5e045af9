using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Operators;

/// <summary>Softmax and its logarithm. Before version 13 the input is taken for a matrix, cut in two at the axis.</summary>
internal static class Softmaxes
{
    public static Kernel Softmax1(NodeContext node) => AsMatrix(node, (x, axis) => x.softmax(axis));

    public static Kernel LogSoftmax1(NodeContext node) => AsMatrix(node, (x, axis) => x.log_softmax(axis));

    public static Kernel Softmax13(NodeContext node) => AlongAxis(node, (x, axis) => x.softmax(axis));

    public static Kernel LogSoftmax13(NodeContext node) => AlongAxis(node, (x, axis) => x.log_softmax(axis));

    private static Kernel AlongAxis(NodeContext node, Func<Tensor, long, Tensor> function)
    {
        var axis = node.Attributes.GetInt("axis", -1);
        return x => [function(x[0], axis)];
    }

    private static Kernel AsMatrix(NodeContext node, Func<Tensor, long, Tensor> function)
    {
        var axis = node.Attributes.GetInt("axis", 1);
        return x => [function(Shaping.ToMatrix(x[0], axis), 1).reshape(x[0].shape)];
    }
}
