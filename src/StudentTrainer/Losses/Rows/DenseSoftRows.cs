using System.Numerics.Tensors;

namespace OnnxKd.StudentTrainer.Losses.Rows;

/// <summary>T² · KL(softmax(v/T) ‖ softmax(z/T)) with every logit; its gradient is T · (softmax(z/T) − softmax(v/T)).</summary>
/// <param name="teacher">Rows × classes.</param>
/// <param name="scales">A factor of each row of <paramref name="teacher"/>, rows × 1; <c>null</c>: 1.</param>
/// <param name="temperature">T.</param>
internal sealed class DenseSoftRows(StoredRows teacher, StoredRows? scales, double temperature) : RowLoss
{
    /// <inheritdoc/>
    public override int ScratchLength(int classes) => 3 * classes;

    /// <inheritdoc/>
    public override double Add(int row, ReadOnlySpan<float> student, double weight, Span<float> gradient, Span<float> scratch)
    {
        var own = scratch[..student.Length];
        var target = scratch.Slice(student.Length, student.Length);
        var difference = scratch.Slice(2 * student.Length, student.Length);
        TensorPrimitives.Multiply(student, (float)(1 / temperature), own);
        var scale = scales is null ? 1 : scales.Read(row, difference)[0];
        TensorPrimitives.Multiply(teacher.Read(row, target), (float)(scale / temperature), target);

        var (divergence, ownSum, targetSum) = Softened.Compare(own, target, difference);
        Softened.AddScaled(own, weight * temperature / ownSum, gradient);
        Softened.AddScaled(target, -weight * temperature / targetSum, gradient);
        return temperature * temperature * divergence;
    }
}
