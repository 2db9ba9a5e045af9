using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Operators;

/// <summary>The same values in another shape (views, where libtorch can), and shapes as values (which stay on the CPU).</summary>
internal static class Shaping
{
    public static Kernel Identity(NodeContext node) => x => [x[0].alias()];

    public static Kernel Shape(NodeContext node)
    {
        var start = node.Attributes.GetInt("start", 0);
        var end = node.Attributes.GetInt("end", long.MaxValue);
        return x =>
        {
            var shape = x[0].shape;
            var (from, to) = (Clamp(start, shape.Length), Clamp(end, shape.Length));
            return [tensor(shape[from..Math.Max(from, to)])];
        };

        static int Clamp(long index, int rank) => (int)Math.Clamp(index < 0 ? index + rank : index, 0, rank);
    }

    public static Kernel Size(NodeContext node) => x => [tensor(x[0].numel())];

    public static Kernel Reshape1(NodeContext node)
    {
        var shape = node.Attributes.GetInts("shape") ?? throw node.Unsupported("needs a shape", "none");
        return x => [Reshape(x[0], shape)];
    }

    public static Kernel Reshape5(NodeContext node)
    {
        var allowZero = node.Attributes.GetInt("allowzero", 0) != 0;
        var shape = node.Longs(1);
        return x => [allowZero ? x[0].reshape(shape(x)) : Reshape(x[0], shape(x))];
    }

    public static Kernel Flatten(NodeContext node)
    {
        var axis = node.Attributes.GetInt("axis", 1);
        return x => [ToMatrix(x[0], axis)];
    }

    public static Kernel Squeeze1(NodeContext node)
    {
        var axes = node.Attributes.GetInts("axes");
        return x => [Squeeze(x[0], axes)];
    }

    public static Kernel Squeeze13(NodeContext node)
    {
        var axes = node.OptionalLongs(1);
        return x => [Squeeze(x[0], axes?.Invoke(x))];
    }

    public static Kernel Unsqueeze1(NodeContext node)
    {
        var axes = node.Attributes.GetInts("axes") ?? throw node.Unsupported("needs axes", "none");
        return x => [Unsqueeze(x[0], axes)];
    }

    public static Kernel Unsqueeze13(NodeContext node)
    {
        var axes = node.Longs(1);
        return x => [Unsqueeze(x[0], axes(x))];
    }

    public static Kernel Transpose(NodeContext node)
    {
        var order = node.Attributes.GetInts("perm");
        return x => [x[0].permute(order ?? [.. Enumerable.Range(1, (int)x[0].ndim).Select(i => x[0].ndim - i)])];
    }

    /// <summary>Broadcasts both ways: a size of 1 in the given shape leaves the input's, and the input may have more axes.</summary>
    public static Kernel Expand(NodeContext node)
    {
        var shape = node.Longs(1);
        return x =>
        {
            long[] target = (long[])shape(x).Clone(), sizes = x[0].shape;
            if (target.Length < sizes.Length)
                target = [.. Enumerable.Repeat(1L, sizes.Length - target.Length), .. target];
            for (var i = 1; i <= sizes.Length; i++)
            {
                if (target[^i] == 1)
                    target[^i] = sizes[^i];
            }
            return [x[0].expand(target)];
        };
    }

    /// <summary>Cuts the axes in two, those before the given one and the rest, and makes each half one axis.</summary>
    internal static Tensor ToMatrix(Tensor x, long axis)
    {
        var shape = x.shape;
        var rows = shape[..Position(axis, shape.Length)].Aggregate(1L, (product, size) => product * size);
        return x.reshape(rows, shape[Position(axis, shape.Length)..].Aggregate(1L, (product, size) => product * size));
    }

    /// <summary>The place of an axis that may count from the end.</summary>
    internal static int Position(long axis, long rank) => (int)(axis < 0 ? axis + rank : axis);

    /// <summary>In the new shape −1 stands for what is left, and 0 for the input's size on that axis.</summary>
    private static Tensor Reshape(Tensor x, long[] shape)
    {
        if (!shape.Contains(0))
            return x.reshape(shape);
        var sizes = x.shape;
        return x.reshape([.. shape.Select((size, axis) => size == 0 ? sizes[axis] : size)]);
    }

    private static Tensor Squeeze(Tensor x, long[]? axes)
    {
        var shape = x.shape;
        var dropped = axes?.Select(axis => Position(axis, shape.Length)).ToHashSet();
        return x.reshape([.. shape.Where((size, axis) => dropped is null ? size != 1 : !dropped.Contains(axis))]);
    }

    private static Tensor Unsqueeze(Tensor x, long[] axes)
    {
        if (axes is [var only])
            return x.unsqueeze(only);
        var sizes = x.shape.ToList();
        var rank = sizes.Count + axes.Length;
        foreach (var axis in axes.Select(axis => Position(axis, rank)).Order())
            sizes.Insert(axis, 1);
        return x.reshape([.. sizes]);
    }
}
