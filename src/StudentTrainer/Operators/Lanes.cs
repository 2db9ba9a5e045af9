using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace OnnxKd.StudentTrainer.Operators;

/// <summary>
/// Reads and writes some values at a time, so that an update is one loop that has every value in a register once. What is beyond the end
/// reads as 0 and is not written.
/// </summary>
internal static class Lanes
{
    /// <summary>How many at a time.</summary>
    public static int Count => Vector512<float>.Count;

    /// <summary>The values from an index on.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Load(ReadOnlySpan<float> values, int index) =>
        index <= values.Length - Count
            ? Vector512.LoadUnsafe(ref MemoryMarshal.GetReference(values), (nuint)index)
            : LoadLast(values[index..]);

    /// <summary>Writes values from an index on.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Vector512<float> lanes, Span<float> values, int index)
    {
        if (index <= values.Length - Count)
            lanes.StoreUnsafe(ref MemoryMarshal.GetReference(values), (nuint)index);
        else
            StoreLast(lanes, values[index..]);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static Vector512<float> LoadLast(ReadOnlySpan<float> values)
    {
        Span<float> padded = stackalloc float[Vector512<float>.Count];
        padded.Clear();
        values.CopyTo(padded);
        return Vector512.Create<float>(padded);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void StoreLast(Vector512<float> lanes, Span<float> values)
    {
        Span<float> padded = stackalloc float[Vector512<float>.Count];
        lanes.CopyTo(padded);
        padded[..values.Length].CopyTo(values);
    }
}
