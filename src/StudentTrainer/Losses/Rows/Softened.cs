using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.InteropServices;

namespace OnnxKd.StudentTrainer.Losses.Rows;

/// <summary>Softmax arithmetic on a row.</summary>
internal static class Softened
{
    /// <summary>So many values are added in float32, and these sums in float64: sums of long rows keep their digits.</summary>
    private const int Block = 1024;

    /// <summary>KL(softmax(teacher) ‖ softmax(student)) of softened logits, in one go.</summary>
    /// <param name="student">Softened logits; becomes exponentials that are proportional to the probabilities.</param>
    /// <param name="teacher">The same of the teacher.</param>
    /// <param name="scratch">As long as they are; overwritten.</param>
    /// <returns>The divergence, and the sums of both rows of exponentials.</returns>
    public static (double Divergence, double Student, double Teacher) Compare(Span<float> student, Span<float> teacher, Span<float> scratch)
    {
        Shift(student);
        Shift(teacher);
        TensorPrimitives.Subtract(teacher, student, scratch);
        var own = Exponentials(student);
        var target = Exponentials(teacher);
        return (Dot(teacher, scratch) / target - Math.Log(target) + Math.Log(own), own, target);
    }

    /// <summary>Moves a row so that its largest value is 0: no exponential overflows, and their sum is 1 or more.</summary>
    /// <returns>What the largest value was.</returns>
    public static double Shift(Span<float> row)
    {
        var largest = TensorPrimitives.Max<float>(row);
        TensorPrimitives.Subtract(row, largest, row);
        return largest;
    }

    /// <summary>Replaces a row by its exponentials.</summary>
    /// <returns>Their sum.</returns>
    public static double Exponentials(Span<float> row)
    {
        TensorPrimitives.Exp<float>(row, row);
        return Sum(row);
    }

    /// <summary>Σ a, always added in the same order: that of TensorPrimitives depends on where the values lie.</summary>
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

    /// <summary>Σ a · b, in the same order too.</summary>
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

    /// <summary>Adds a multiple of a row.</summary>
    public static void AddScaled(ReadOnlySpan<float> row, double factor, Span<float> sum) =>
        TensorPrimitives.MultiplyAdd(row, (float)factor, sum, sum);
}
