using OnnxKd.Core.TransferSets;
using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Signals;

/// <summary>
/// Which positions of some samples count, for outputs and features of any number of positions. Its tensors live in the dispose scope that first asks for them.
/// </summary>
/// <param name="set">The set.</param>
/// <param name="rows">The samples' rows in it.</param>
/// <param name="device">Where the tensors are.</param>
internal sealed class CountedRows(TransferSet set, ReadOnlyMemory<long> rows, Device device)
{
    private readonly Dictionary<long, Tensor> indices = [];
    private readonly Dictionary<long, Tensor> masks = [];

    /// <summary>The indices (int64) among N × positions of those that count; <c>null</c>: all.</summary>
    /// <param name="positions">Positions of each sample.</param>
    public Tensor? Indices(long positions)
    {
        if (!indices.TryGetValue(positions, out var known) && Of(positions) is { } counted)
            indices.Add(positions, known = Find(counted).to(device));
        return known;
    }

    /// <summary>[N, positions] of truth values: which positions count; <c>null</c>: all.</summary>
    /// <param name="positions">Positions of each sample.</param>
    public Tensor? Mask(long positions)
    {
        if (!masks.TryGetValue(positions, out var known) && Of(positions) is { } counted)
            masks.Add(positions, known = tensor(Marks(counted)).reshape(rows.Length, positions).to(device));
        return known;
    }

    private CountedPositions? Of(long positions) => new CountedPositions(set, [checked((int)positions), 1]) is { AreAll: false } counted ? counted : null;

    private Tensor Find(CountedPositions counted)
    {
        var marks = Marks(counted);
        return tensor(Enumerable.Range(0, marks.Length).Where(i => marks[i]).Select(i => (long)i).ToArray());
    }

    private bool[] Marks(CountedPositions counted)
    {
        var marks = new bool[rows.Length * counted.Positions];
        for (var i = 0; i < rows.Length; i++)
            for (var position = 0; position < counted.Positions; position++)
                marks[i * counted.Positions + position] = counted.Counts(rows.Span[i], position);
        return marks;
    }
}
