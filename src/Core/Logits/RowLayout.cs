namespace OnnxKd.Core.Logits;

/// <summary>How the values of one sample lie in a model's tensor, and which of its axes counts the classes.</summary>
/// <param name="Dims">The tensor's lengths after the batch axis.</param>
/// <param name="ClassAxis">Its class axis, an index of <paramref name="Dims"/>.</param>
public sealed record RowLayout(long[] Dims, int ClassAxis)
{
    /// <summary>Values at each position.</summary>
    public int Classes => (int)Dims[ClassAxis];

    /// <summary>Values per sample.</summary>
    public int Elements { get; } = checked((int)Dims.Aggregate(1L, (product, d) => product * d));

    /// <summary>Positions per sample: frames, or pixels; 1 for one row of scores.</summary>
    public int Positions => Classes == 0 ? 0 : Elements / Classes;

    /// <summary>Whether the classes are the last axis already; axes of length 1 behind them would be taken for it.</summary>
    public bool IsClassLast => ClassAxis == Dims.Length - 1;

    /// <summary>The positions' axes, without those of length 1.</summary>
    public IEnumerable<int> PositionShape => Dims.Where((d, axis) => axis != ClassAxis && d != 1).Select(d => (int)d);

    /// <summary>The order of the axes, with the batch, that moves the classes to the end.</summary>
    public long[] Permutation => [.. Enumerable.Range(0, Dims.Length + 1).Where(axis => axis != ClassAxis + 1), ClassAxis + 1];

    /// <summary>How many axes of positions come before the classes, without those of length 1.</summary>
    public int PositionsBefore => Dims.Take(ClassAxis).Count(d => d != 1);

    /// <summary>The order of the axes, with the batch, in which the classes come after as many axes of positions as are asked for.</summary>
    public IReadOnlyList<long> OrderWithClassesAfter(int positions)
    {
        List<long> order = [.. Permutation.SkipLast(1)];
        var at = 1;
        for (; positions > 0; at++)
            positions -= Dims[order[at] - 1] != 1 ? 1 : 0;
        order.Insert(at, ClassAxis + 1);
        return order;
    }

    private int Inner => (int)Dims[(ClassAxis + 1)..].Aggregate(1L, (product, d) => product * d);

    /// <summary>Moves the classes to the end.</summary>
    /// <param name="values">rows × dims values.</param>
    public float[] ToClassLast(ReadOnlySpan<float> values)
    {
        var moved = new float[values.Length];
        var (inner, classes) = (Inner, Classes);
        for (var i = 0; i < values.Length; i++)
        {
            var (block, rest) = Math.DivRem(i, classes * inner);
            var (c, at) = Math.DivRem(rest, inner);
            moved[(block * inner + at) * classes + c] = values[i];
        }

        return moved;
    }
}
