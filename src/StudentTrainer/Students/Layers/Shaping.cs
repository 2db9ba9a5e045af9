using OnnxKd.Core.Onnx;

namespace OnnxKd.StudentTrainer.Students.Layers;

/// <summary>Rearranging tensors.</summary>
internal static class Shaping
{
    /// <summary>What an axis of free length is called once it is no longer the input's.</summary>
    public static readonly Dim Free = "T";

    /// <summary>Adds an axis of length 1: images without channels get one.</summary>
    public static Value Unsqueeze(this GraphBuilder graph, string name, Value x, int axis) =>
        graph.Node(
            "Unsqueeze", name, [.. x.Shape.Take(axis), 1, .. x.Shape.Skip(axis)], [x, graph.Integers($"{name}.axes", axis)]);

    /// <summary>[N, ...] to [N, elements].</summary>
    public static Value Flatten(this GraphBuilder graph, string name, Value x)
    {
        var elements = Enumerable.Range(1, x.Rank - 1).Aggregate(1L, (product, axis) => product * x.Size(axis));
        return graph.Node("Flatten", name, [x.Shape[0], elements], [x], NodeAttribute.Int("axis", 1));
    }

    /// <summary>Another shape; 0 keeps an axis, −1 (of which there may be one) takes what is left.</summary>
    public static Value Reshape(this GraphBuilder graph, string name, Value x, params long[] shape)
    {
        Dim[] result = [.. shape.Select((size, axis) => size == 0 ? x.Shape[axis] : size < 0 ? Free : size)];
        var rest = x.Shape.Where((_, axis) => axis >= shape.Length || shape[axis] != 0).ToList();
        if (Array.IndexOf(shape, -1) is >= 0 and var left && rest.TrueForAll(dim => !dim.IsDynamic))
            result[left] = rest.Aggregate(1L, (product, dim) => product * dim.Size!.Value)
                / shape.Where(size => size > 0).Aggregate(1L, (product, size) => product * size);
        return graph.Node("Reshape", name, result, [x, graph.Integers($"{name}.shape", shape)]);
    }

    /// <summary>Another order of axes.</summary>
    public static Value Transpose(this GraphBuilder graph, string name, Value x, params int[] order) => graph.Node(
        "Transpose", name, [.. order.Select(axis => x.Shape[axis])], [x], NodeAttribute.Ints("perm", order.Select(axis => (long)axis)));

    /// <summary>Equal parts along the last axis.</summary>
    public static Value[] Split(this GraphBuilder graph, string name, Value x, int parts)
    {
        var size = x.Size(x.Rank - 1) / parts;
        var sizes = graph.Integers($"{name}.sizes", [.. Enumerable.Repeat((long)size, parts)]);
        return graph.Nodes("Split", name, parts, [.. x.Shape.SkipLast(1), size], [x, sizes], NodeAttribute.Int("axis", -1));
    }

    /// <summary>One tensor after the other along an axis, which has the given length then.</summary>
    public static Value Concat(this GraphBuilder graph, string name, int axis, Dim length, params Value[] parts) => graph.Node(
        "Concat", name, [.. parts[0].Shape.Take(axis), length, .. parts[0].Shape.Skip(axis + 1)], parts, NodeAttribute.Int("axis", axis));

    /// <summary>The length of one axis, as a list of one number.</summary>
    public static Value Length(this GraphBuilder graph, string name, Value x, int axis) =>
        graph.Node("Shape", name, [1], [x], NodeAttribute.Int("start", axis), NodeAttribute.Int("end", axis + 1));

    /// <summary>The first so many slices along some axes.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="name">The node.</param>
    /// <param name="x">What is cut.</param>
    /// <param name="lengths">How many: a list with one number per axis.</param>
    /// <param name="axes">The axes.</param>
    public static Value First(this GraphBuilder graph, string name, Value x, Value lengths, params int[] axes) => graph.Node(
        "Slice", name, [.. x.Shape.Select((dim, axis) => axes.Contains(axis) ? Free : dim)],
        [
            x, graph.Integers($"{name}.starts", new long[axes.Length]), lengths,
            graph.Integers($"{name}.axes", [.. axes.Select(axis => (long)axis)]),
        ]);

    /// <summary>The rows of a table that the indices name.</summary>
    public static Value Gather(this GraphBuilder graph, string name, Value table, Value indices) => graph.Node(
        "Gather", name, [.. indices.Shape, .. table.Shape.Skip(1)], [table, indices], NodeAttribute.Int("axis", 0));

    /// <summary>The first slice along an axis, without that axis.</summary>
    public static Value Pick(this GraphBuilder graph, string name, Value x, int axis) => graph.Node(
        "Gather", name, [.. x.Shape.Where((_, i) => i != axis)], [x, graph.Integer($"{name}.index", 0)], NodeAttribute.Int("axis", axis));

    /// <summary>Some of an axis.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="name">The node.</param>
    /// <param name="x">[N, channels, length].</param>
    /// <param name="start">The first place.</param>
    /// <param name="length">How many.</param>
    /// <param name="axis">Of which axis.</param>
    public static Value Cut(this GraphBuilder graph, string name, Value x, int start, int length, int axis) => graph.Node(
        "Slice", name, [.. x.Shape.Select((dim, i) => i == axis ? length : dim)],
        [x, graph.Integers($"{name}.start", start), graph.Integers($"{name}.end", start + length), graph.Integers($"{name}.axis", axis)]);

    /// <summary>The mean over an axis, without that axis.</summary>
    public static Value Mean(this GraphBuilder graph, string name, Value x, int axis) => graph.Node(
        "ReduceMean", name, [.. x.Shape.Where((_, i) => i != axis)], [x],
        NodeAttribute.Ints("axes", axis), NodeAttribute.Int("keepdims", 0));
}
