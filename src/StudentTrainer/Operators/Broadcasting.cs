using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Operators;

/// <summary>How the second operand is fitted to the first. From version 7 on it is libtorch's own way, so nothing is to be done.</summary>
internal static class Broadcasting
{
    /// <summary>
    /// Before version 7 the second operand may have fewer axes than the first, and <c>axis</c> says at which its first one is;
    /// default: so that the last ones meet.
    /// </summary>
    /// <param name="compile">The operator from version 7 on.</param>
    public static Func<NodeContext, Kernel> Before7(Func<NodeContext, Kernel> compile) => node =>
    {
        var kernel = compile(node);
        var broadcast = node.Attributes.GetInt("broadcast", 0) != 0;
        if (!node.Attributes.Has("axis") || !broadcast)
            return kernel;
        var axis = node.Attributes.GetInt("axis");
        return x => kernel(new([x[0], Align(x[0], x[1])], [0, 1], x.Training));

        Tensor Align(Tensor x, Tensor y)
        {
            var first = axis < 0 ? axis + x.ndim : axis;
            var behind = x.ndim - first - y.ndim;
            if (first < 0 || behind < 0)
                throw node.Unsupported("has an axis that does not fit its operands", $"axis {axis}; inputs {x} and {y}");
            return y.reshape([.. y.shape, .. Enumerable.Repeat(1L, (int)behind)]);
        }
    };
}
