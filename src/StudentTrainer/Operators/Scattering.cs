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
            if (!x[1].shape.SequenceEqual(updates.shape))
                throw new ArgumentException("indices and updates differ in shape");
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
            var indices = ElementTypes.RequireIntegers(x[1]).to(int64, data.device).unbind(-1);
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

    /// <summary>
    /// Reduces rows into rows. TorchSharp has neither <c>index_reduce</c> nor <c>scatter_reduce</c>, so a place that is named several times
    /// gets one update in each round: rows are read, reduced and written back.
    /// </summary>
    private static Tensor Reduce(Tensor data, Tensor places, Tensor updates, string reduction)
    {
        var rows = places.flatten();
        var values = data.ndim == 1 ? updates.flatten() : updates.reshape([rows.numel(), .. data.shape[1..]]);
        foreach (var round in Rounds(rows))
        {
            var chosen = tensor(round, int64, data.device);
            var into = rows.index_select(0, chosen);
            var (old, update) = (data.index_select(0, into), values.index_select(0, chosen));
            data = data.index_copy(0, into, reduction switch
            {
                "mul" => old.mul(update),
                "max" => old.maximum(update),
                _ => old.minimum(update),
            });
        }

        return data;
    }

    /// <summary>Updates by how often their place was named before them, so that within a round no place occurs twice.</summary>
    private static IEnumerable<long[]> Rounds(Tensor places)
    {
        var seen = new Dictionary<long, int>();
        var rounds = new List<List<long>>();
        using var onHost = places.cpu();
        var named = onHost.Values<long>();
        for (var i = 0; i < named.Length; i++)
        {
            var round = seen[named[i]] = seen.TryGetValue(named[i], out var before) ? before + 1 : 0;
            if (round == rounds.Count)
                rounds.Add([]);
            rounds[round].Add(i);
        }

        return rounds.Select(round => round.ToArray());
    }

    /// <summary>Every place of a shape, numbered: looked up with the same indices as the data, it gives the rows that they mean.</summary>
    private static Tensor Places(long[] shape, Device device) =>
        TensorNumbers.Range(shape.Aggregate(1L, (product, size) => product * size), int64, device).reshape(shape);
}
