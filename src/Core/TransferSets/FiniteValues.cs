using System.Globalization;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Tensors;

namespace OnnxKd.Core.TransferSets;

/// <summary>Samples are numbers: a NaN would make gradients NaN in training, and figures in evaluation.</summary>
internal static class FiniteValues
{
    private const long ChunkValues = 1 << 18;

    /// <summary>Reads a set of floats once, and refuses it if a value is no finite number.</summary>
    /// <param name="set">The set.</param>
    /// <param name="token">Stops between reads.</param>
    /// <exception cref="InputException">Names the sample.</exception>
    public static void Require(TransferSet set, CancellationToken token)
    {
        if (set.Type.IsFloat())
            foreach (var _ in Chunks(set, token))
            {
            }
    }

    /// <summary>Refuses values that were read of some rows, if one is no finite number.</summary>
    /// <inheritdoc cref="Require(TransferSet, CancellationToken)"/>
    public static void Require(TransferSet set, ReadOnlySpan<long> rows, ReadOnlySpan<float> values)
    {
        if (!set.Type.IsFloat() || !values.ContainsAnyExceptInRange(float.MinValue, float.MaxValue))
            return;
        var at = 0;
        while (float.IsFinite(values[at]))
            at++;
        throw new InputException(
            "A sample holds a value that is not a finite number.",
            set.PlaceOf(rows[at / set.SampleElements], at % set.SampleElements),
            values[at].ToString(CultureInfo.InvariantCulture), "numbers within the range of float32",
            "replace missing values (for tables: table.missing), or take the sample out");
    }

    /// <summary>All values of a set in the order of its rows, checked; each chunk holds whole samples, and is reused.</summary>
    /// <inheritdoc cref="Require(TransferSet, CancellationToken)"/>
    internal static IEnumerable<ReadOnlyMemory<float>> Chunks(TransferSet set, CancellationToken token)
    {
        var rows = new long[Math.Clamp(ChunkValues / Math.Max(1, set.SampleElements), 1, set.Count)];
        var values = new float[(long)rows.Length * set.SampleElements];
        for (long first = 0; first < set.Count; first += rows.Length)
        {
            token.ThrowIfCancellationRequested();
            var count = (int)Math.Min(rows.Length, set.Count - first);
            for (var i = 0; i < count; i++)
                rows[i] = first + i;
            var read = values.AsMemory(0, count * set.SampleElements);
            set.Read(rows.AsSpan(0, count), read.Span);
            Require(set, rows.AsSpan(0, count), read.Span);
            yield return read;
        }
    }
}
