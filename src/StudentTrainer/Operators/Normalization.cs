using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Operators;

/// <summary>Normalisation of each sample by itself.</summary>
internal static class Normalization
{
    /// <summary>Over the axes from <c>axis</c> on. Outputs 1 and 2 are the mean and the reciprocal of the standard deviation.</summary>
    public static Kernel LayerNormalization(NodeContext node)
    {
        var axis = node.Attributes.GetInt("axis", -1);
        var epsilon = node.Attributes.GetFloat("epsilon", 1e-5f);
        RequireFloat32Stash(node);
        var readsStatistics = node.IsRead(1) || node.IsRead(2);
        return x =>
        {
            var normalized = x[0].shape[(int)(axis < 0 ? axis + x[0].ndim : axis)..];
            var result = LayerNorm(x[0], normalized, x[1], x.Optional(2), epsilon);
            return readsStatistics ? [result, .. Statistics(x[0], normalized.Length, epsilon)] : [result];
        };
    }

    /// <summary>x ÷ √(mean of squares + ε) · scale, over the axes from <c>axis</c> on.</summary>
    public static Kernel RmsNormalization(NodeContext node)
    {
        var axis = node.Attributes.GetInt("axis", -1);
        var epsilon = node.Attributes.GetFloat("epsilon", 1e-5f);
        RequireFloat32Stash(node);
        return x => [x[0].mul(RootMeanSquare(x[0], (int)(axis < 0 ? -axis : x[0].ndim - axis), epsilon)).mul(x[1])];
    }

    /// <summary>1 ÷ √(mean of squares + ε).</summary>
    /// <param name="x">Any values.</param>
    /// <param name="axes">Over how many axes, from the last one on.</param>
    /// <param name="epsilon">ε.</param>
    public static Tensor RootMeanSquare(Tensor x, int axes, double epsilon) =>
        x.Square().mean([.. Enumerable.Range(1, axes).Select(i => -(long)i)], keepdim: true).Add(epsilon).rsqrt();

    /// <summary>Over groups of channels; scale and bias are one number per group.</summary>
    public static Kernel GroupNormalization18(NodeContext node)
    {
        var (groups, epsilon) = ReadGroups(node);
        return x =>
        {
            var channels = x[0].shape[1] / groups;
            return [nn.functional.group_norm(x[0], groups, x[1].repeat_interleave(channels), x[2].repeat_interleave(channels), epsilon)];
        };
    }

    /// <summary>Scale and bias are one number per channel.</summary>
    public static Kernel GroupNormalization21(NodeContext node)
    {
        var (groups, epsilon) = ReadGroups(node);
        RequireFloat32Stash(node);
        return x => [nn.functional.group_norm(x[0], groups, x[1], x[2], epsilon)];
    }

    /// <summary>Over the spatial axes.</summary>
    public static Kernel InstanceNormalization(NodeContext node)
    {
        var epsilon = node.Attributes.GetFloat("epsilon", 1e-5f);
        return x => [nn.functional.instance_norm(x[0], weight: x[1], bias: x[2], eps: epsilon)];
    }

    /// <summary>
    /// x ÷ (bias + alpha · mean of squares over neighbouring channels)^beta. Of an even number of neighbours, one more lies after than
    /// before; libtorch has it the other way round.
    /// </summary>
    public static Kernel Lrn(NodeContext node)
    {
        var size = node.Attributes.GetInt("size");
        var alpha = node.Attributes.GetFloat("alpha", 1e-4f);
        var beta = node.Attributes.GetFloat("beta", 0.75f);
        var bias = node.Attributes.GetFloat("bias", 1);
        return x =>
        {
            var (rows, channels) = (x[0].shape[0], x[0].shape[1]);
            var squares = nn.functional.pad(x[0].Square().reshape(rows, 1, channels, -1), (long[])[0, 0, (size - 1) / 2, size / 2]);
            var mean = nn.functional.avg_pool2d(squares, [size, 1], [1, 1]).reshape(x[0].shape);
            return [x[0].div(mean.Mul(alpha).Add(bias).Pow(beta))];
        };
    }

    /// <summary>(x − mean) ÷ (standard deviation + 10⁻⁹), over the batch and the spatial axes unless the node says otherwise.</summary>
    public static Kernel MeanVarianceNormalization(NodeContext node)
    {
        var axes = node.Attributes.GetInts("axes", [0, 2, 3]);
        return x =>
        {
            var centered = x[0].sub(x[0].mean(axes, keepdim: true));
            // The bound, far below 10⁻⁹ squared, keeps the gradient finite where all values are equal.
            var deviation = centered.Square().mean(axes, keepdim: true).ClampMin(1e-30).sqrt();
            return [centered.div(deviation.Add(1e-9))];
        };
    }

    /// <summary>x ÷ its 1- or 2-norm along an axis; 0 where the norm is 0.</summary>
    public static Kernel LpNormalization(NodeContext node)
    {
        var axis = (int)node.Attributes.GetInt("axis", -1);
        var p = node.Attributes.GetInt("p", 2);
        if (p is not (1 or 2))
            throw node.Unsupported("has an unknown norm", $"p {p}", "expected: 1 or 2");
        return x =>
        {
            var norm = x[0].norm(axis, keepdim: true, p);
            return [x[0].div(norm.Add(norm.Eq(0)))];
        };
    }

    private static (long Groups, double Epsilon) ReadGroups(NodeContext node) =>
        (node.Attributes.GetInt("num_groups"), node.Attributes.GetFloat("epsilon", 1e-5f));

    /// <summary>16-bit floats are computed with in float32, which is what the default says.</summary>
    private static void RequireFloat32Stash(NodeContext node)
    {
        var type = node.Attributes.GetInt("stash_type", 1);
        if (type != 1)
            throw node.Unsupported("computes in float32 only", $"stash_type {type}", "export it with stash_type 1");
    }

    /// <summary>libtorch wants a scale of the normalised shape; ONNX lets it broadcast.</summary>
    public static Tensor LayerNorm(Tensor x, long[] normalized, Tensor scale, Tensor? bias, double epsilon)
    {
        if (scale.shape.AsSpan().SequenceEqual(normalized) && (bias is null || bias.shape.AsSpan().SequenceEqual(normalized)))
            return nn.functional.layer_norm(x, normalized, scale, bias, epsilon);
        var scaled = nn.functional.layer_norm(x, normalized, eps: epsilon).mul(scale);
        return bias is null ? scaled : scaled.Add(bias);
    }

    public static Tensor[] Statistics(Tensor x, int axes, double epsilon)
    {
        long[] normalized = [.. Enumerable.Range(1, axes).Select(i => -(long)i)];
        var variance = x.var(normalized, unbiased: false, keepdim: true);
        return [x.mean(normalized, keepdim: true), variance.Add(epsilon).rsqrt()];
    }
}
