using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Operators;

/// <summary>Putting tensors together and taking them apart, along one axis.</summary>
internal static class Joining
{
    public static Kernel Concat1(NodeContext node) => Concat(node.Attributes.GetInt("axis", 1));

    public static Kernel Concat4(NodeContext node) => Concat(node.Attributes.GetInt("axis"));

    /// <summary>Sizes from the attribute, else equal parts.</summary>
    public static Kernel Split2(NodeContext node)
    {
        var axis = node.Attributes.GetInt("axis", 0);
        var sizes = node.Attributes.GetInts("split");
        return x => x[0].split(sizes ?? EqualParts(x[0].size((int)axis), node.OutputCount), axis);
    }

    /// <summary>Sizes from the input, else equal parts.</summary>
    public static Kernel Split13(NodeContext node)
    {
        var axis = node.Attributes.GetInt("axis", 0);
        var sizes = node.OptionalLongs(1);
        return x => x[0].split(sizes?.Invoke(x) ?? EqualParts(x[0].size((int)axis), node.OutputCount), axis);
    }

    /// <summary>Sizes from the input, else equal parts, of which the last may be smaller.</summary>
    public static Kernel Split18(NodeContext node)
    {
        var axis = node.Attributes.GetInt("axis", 0);
        var sizes = node.OptionalLongs(1);
        var count = node.Attributes.GetInt("num_outputs", node.OutputCount);
        if (sizes is not null && node.Attributes.Has("num_outputs"))
            throw node.Unsupported("has sizes and a number of parts", $"num_outputs {count} and an input 'split'", "keep one of the two");
        if (count < node.OutputCount)
            throw node.Unsupported("has more outputs than parts", $"num_outputs {count}, {node.OutputCount} outputs");
        return x => x[0].split(sizes?.Invoke(x) ?? Chunks(x[0].size((int)axis), count), axis);
    }

    private static Kernel Concat(long axis) => x => [cat(x.All(), axis)];

    private static long[] EqualParts(long size, int count) => size % count == 0
        ? [.. Enumerable.Repeat(size / count, count)]
        : throw new ArgumentException($"An axis of {size} does not split into {count} equal parts.");

    private static long[] Chunks(long size, long count)
    {
        var chunk = (size + count - 1) / count;
        return [.. Enumerable.Range(0, (int)count).Select(i => Math.Clamp(size - i * chunk, 0, chunk))];
    }
}
