using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace OnnxKd.Core.LogitCaches;

/// <summary>Finds the largest values of a list: one pass with a heap whose root is the worst of those kept.</summary>
internal static class TopSelection
{
    /// <summary>Writes the indices of the largest values, largest first; of equal values the one of lower index comes first.</summary>
    /// <param name="values">Finite values.</param>
    /// <param name="kept">As many indices as are wanted, at most the number of values.</param>
    public static void Select(ReadOnlySpan<float> values, Span<int> kept)
    {
        for (var i = 0; i < kept.Length; i++)
            kept[i] = i;
        for (var i = kept.Length / 2 - 1; i >= 0; i--)
            Sink(values, kept, i);
        // Later indices lose against equal values, so only a larger value enters.
        for (var i = IndexOfLarger(values, kept.Length, values[kept[0]]); i < values.Length; i = IndexOfLarger(values, i + 1, values[kept[0]]))
        {
            kept[0] = i;
            Sink(values, kept, 0);
        }
        for (var end = kept.Length - 1; end > 0; end--)
        {
            (kept[0], kept[end]) = (kept[end], kept[0]);
            Sink(values, kept[..end], 0);
        }
    }

    /// <summary>The first index from a start on whose value is larger; the number of values if there is none.</summary>
    private static int IndexOfLarger(ReadOnlySpan<float> values, int start, float than)
    {
        // Nearly all values are passed over, so they are looked at by the vector.
        ref var first = ref MemoryMarshal.GetReference(values);
        var limit = Vector256.Create(than);
        while (start <= values.Length - Vector256<float>.Count && !Vector256.GreaterThanAny(Vector256.LoadUnsafe(ref first, (nuint)start), limit))
            start += Vector256<float>.Count;
        while (start < values.Length && values[start] <= than)
            start++;
        return start;
    }

    /// <summary>Lets an index sink until it is worse than both below it.</summary>
    private static void Sink(ReadOnlySpan<float> values, Span<int> heap, int at)
    {
        for (var child = 2 * at + 1; child < heap.Length; child = 2 * at + 1)
        {
            if (child + 1 < heap.Length && IsWorse(values, heap[child + 1], heap[child]))
                child++;
            if (!IsWorse(values, heap[child], heap[at]))
                return;
            (heap[at], heap[child]) = (heap[child], heap[at]);
            at = child;
        }
    }

    private static bool IsWorse(ReadOnlySpan<float> values, int a, int b) => values[a] < values[b] || (values[a] == values[b] && a > b);
}
