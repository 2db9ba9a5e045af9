using TorchSharp;
using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Operators;

/// <summary>Rearranging tensors, and arithmetic on shapes (which stays on the CPU).</summary>
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

    /// <summary>In the new shape −1 stands for what is left and 0 for the input's size on that axis (with allowzero: for 0).</summary>
    public static Kernel Reshape(NodeContext node)
    {
        var allowZero = node.Attributes.GetInt("allowzero", 0) != 0;
        var newShape = node.Longs(1);
        return x =>
        {
            var shape = (long[])newShape(x).Clone();
            for (var axis = 0; axis < shape.Length && !allowZero; axis++)
            {
                if (shape[axis] == 0)
                    shape[axis] = x[0].shape[axis];
            }
            return [x[0].reshape(shape)];
        };
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

    public static Kernel Concat(NodeContext node)
    {
        var axis = node.Attributes.GetInt("axis");
        return x => [cat([.. Enumerable.Range(0, x.Count).Select(i => x[i])], axis)];
    }

    /// <summary>Takes the slices that the indices name; negative ones count from the end.</summary>
    public static Kernel Gather(NodeContext node)
    {
        var axis = node.Attributes.GetInt("axis", 0);
        return x =>
        {
            var (data, indices) = (x[0], x[1].to(int64, x[0].device));
            var at = Position(axis, data.ndim);
            var slices = data.index_select(at, indices.remainder(data.shape[at]).flatten());
            return [slices.reshape([.. data.shape[..at], .. indices.shape, .. data.shape[(at + 1)..]])];
        };
    }

    /// <summary>Cuts the axes in two, those before the given one and the rest, and makes each half one axis.</summary>
    internal static Tensor ToMatrix(Tensor x, long axis)
    {
        var shape = x.shape;
        var rows = shape[..Position(axis, shape.Length)].Aggregate(1L, (product, size) => product * size);
        return x.reshape(rows, shape[Position(axis, shape.Length)..].Aggregate(1L, (product, size) => product * size));
    }

    private static Tensor Squeeze(Tensor x, long[]? axes)
    {
        var shape = x.shape;
        var dropped = axes?.Select(axis => Position(axis, shape.Length)).ToHashSet();
        return x.reshape([.. shape.Where((size, axis) => dropped is null ? size != 1 : !dropped.Contains(axis))]);
    }

    private static Tensor Unsqueeze(Tensor x, long[] axes)
    {
        var sizes = x.shape.ToList();
        var rank = sizes.Count + axes.Length;
        foreach (var axis in axes.Select(axis => Position(axis, rank)).Order())
            sizes.Insert(axis, 1);
        return x.reshape([.. sizes]);
    }

    private static int Position(long axis, long rank) => (int)(axis < 0 ? axis + rank : axis);
}
