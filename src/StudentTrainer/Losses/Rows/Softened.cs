using System.Numerics.Tensors;
using OnnxKd.Core.Tensors;

namespace OnnxKd.StudentTrainer.Losses.Rows;

/// <summary>Softmax arithmetic on a row.</summary>
internal static class Softened
{
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
        return (OrderedSums.Dot(teacher, scratch) / target - Math.Log(target) + Math.Log(own), own, target);
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
        return OrderedSums.Sum(row);
    }

    /// <summary>Adds a multiple of a row.</summary>
    public static void AddScaled(ReadOnlySpan<float> row, double factor, Span<float> sum) =>
        TensorPrimitives.MultiplyAdd(row, (float)factor, sum, sum);
}
