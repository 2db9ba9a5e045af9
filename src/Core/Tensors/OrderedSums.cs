using System.Numerics;
using System.Runtime.InteropServices;

namespace OnnxKd.Core.Tensors;

/// <summary>
/// Sums that are always added in the same order, so that equal values give equal bits; the order of TensorPrimitives depends on where
/// the values lie.
/// </summary>
internal static class OrderedSums
{
    /// <summary>So many values are added in float32, and these sums in float64: sums of long rows keep their digits.</summary>
    private const int Block = 1024;

    /// <summary>Σ a.</summary>
    public static double Sum(ReadOnlySpan<float> a)
    {
        var sum = 0.0;
        for (var start = 0; start < a.Length; start += Block)
        {
            var part = a.Slice(start, Math.Min(Block, a.Length - start));
            var vectors = MemoryMarshal.Cast<float, Vector<float>>(part);
            var lanes = Vector<float>.Zero;
            foreach (var vector in vectors)
                lanes += vector;
            sum += Vector.Sum(lanes);
            foreach (var value in part[(vectors.Length * Vector<float>.Count)..])
                sum += value;
        }
        return sum;
    }

    /// <summary>Σ a · b.</summary>
    /// <param name="a">The one row.</param>
    /// <param name="b">The other, as long.</param>
    public static double Dot(ReadOnlySpan<float> a, ReadOnlySpan<float> b)
    {
        var sum = 0.0;
        for (var start = 0; start < a.Length; start += Block)
        {
            var part = a.Slice(start, Math.Min(Block, a.Length - start));
            var other = b.Slice(start, part.Length);
            var vectors = MemoryMarshal.Cast<float, Vector<float>>(part);
            var others = MemoryMarshal.Cast<float, Vector<float>>(other);
            var lanes = Vector<float>.Zero;
            for (var i = 0; i < vectors.Length; i++)
                lanes += vectors[i] * others[i];
            sum += Vector.Sum(lanes);
            for (var i = vectors.Length * Vector<float>.Count; i < part.Length; i++)
                sum += part[i] * other[i];
        }
        return sum;
    }
}
