using TorchSharp;
using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Operators;

/// <summary>Writing values into a copy of a tensor, by index. Indices that occur twice are for the reductions only.</summary>
internal static class Scattering
{
    private static readonly string[] Reductions = ["none", "add", "mul", "max", "min"];

    /// <summary>An index along one axis for each element.</summary>
    public static Kernel ScatterElements(NodeContext node)
    {
        var axis = node.Attributes.GetInt("axis", 0);
        var reduction = Reduction(node);
        return x =>
        {
            var (data, updates) = (x[0], x[2]);
            var shape = data.shape;
            var indices = Gathering.Wrap(x[1], shape[Shaping.Position(axis, shape.Length)], data.device);
            return reduction switch
            {
                "none" => [data.scatter(axis, indices, updates)],
                "add" => [data.scatter_add(axis, indices, updates)],
                _ => [Reduce(data.flatten(), Places(shape, data.device).gather(axis, indices), updates, reduction).reshape(shape)],
            };
        };
    }

    /// <summary>The last axis of the indices names a place on the first axes of the data.</summary>
    public static Kernel ScatterND(NodeContext node)
    {
        var reduction = Reduction(node);
        return x =>
        {
            var (data, updates) = (x[0], x[2]);
            var indices = x[1].to(int64, data.device).unbind(-1);
            if (reduction is "none" or "add")
                return [data.clone().index_put_(updates, indices, accumulate: reduction == "add")];
            var (first, rest) = (data.shape[..indices.Length], data.shape[indices.Length..]);
            var places = Places(first, data.device).index(indices);
            return [Reduce(data.reshape([-1, .. rest]), places, updates.reshape([-1, .. rest]), reduction).reshape(data.shape)];
        };
    }

    private static string Reduction(NodeContext node)
    {
        var reduction = node.Attributes.GetString("reduction", "none");
        return Reductions.Contains(reduction)
            ? reduction
            : throw node.Unsupported("has an unknown reduction", reduction, $"expected one of {string.Join(", ", Reductions)}");
    }

    /// <summary>Reduces rows into rows.</summary>
    private static Tensor Reduce(Tensor data, Tensor places, Tensor updates, string reduction) =>
        index_reduce(data, 0, places.flatten(), data.ndim == 1 ? updates.flatten() : updates, reduction switch
        {
            "mul" => TorchSharp.Reduce.prod,
            "max" => TorchSharp.Reduce.amax,
            _ => TorchSharp.Reduce.amin,
        });

    /// <summary>Every place of a shape, numbered: looked up with the same indices as the data, it gives the rows that they mean.</summary>
    private static Tensor Places(long[] shape, Device device) =>
        arange(shape.Aggregate(1L, (product, size) => product * size), int64, device).reshape(shape);
}
