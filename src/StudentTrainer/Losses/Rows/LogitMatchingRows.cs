using System.Numerics.Tensors;
using OnnxKd.Core.Tensors;

namespace OnnxKd.StudentTrainer.Losses.Rows;

/// <summary>½ · mean over classes of d², where d = z − v less its mean over the classes; the gradient is d ÷ classes.</summary>
/// <param name="teacher">Rows × classes.</param>
/// <param name="scales">A factor of each row of <paramref name="teacher"/>, rows × 1; <c>null</c>: 1.</param>
internal sealed class LogitMatchingRows(StoredRows teacher, StoredRows? scales) : RowLoss
{
    /// <inheritdoc/>
    public override int ScratchLength(int classes) => classes;

    /// <inheritdoc/>
    public override double Add(int row, ReadOnlySpan<float> student, double weight, Span<float> gradient, Span<float> scratch)
    {
        var difference = scratch[..student.Length];
        var scale = scales is null ? 1 : scales.Read(row, difference)[0];
        TensorPrimitives.MultiplyAdd(teacher.Read(row, difference), -scale, student, difference);
        TensorPrimitives.Subtract(difference, (float)(OrderedSums.Sum(difference) / student.Length), difference);
        Softened.AddScaled(difference, weight / student.Length, gradient);
        return 0.5 * OrderedSums.Dot(difference, difference) / student.Length;
    }
}
