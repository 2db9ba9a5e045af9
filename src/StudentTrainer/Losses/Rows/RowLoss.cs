namespace OnnxKd.StudentTrainer.Losses.Rows;

/// <summary>
/// A term with the targets of a batch, on one row at a time: its value and its gradient in one pass on the CPU, in float32. The term is
/// the mean of its rows. It gives what <see cref="LossTerm.Compute"/> gives, with less work and no memory for intermediate results.
/// Rows do not depend on one another and may be computed side by side.
/// </summary>
internal abstract class RowLoss
{
    /// <summary>How much room <see cref="Add"/> needs.</summary>
    /// <param name="classes">The length of a row.</param>
    public abstract int ScratchLength(int classes);

    /// <summary>The value of a row; adds its gradient.</summary>
    /// <param name="row">Its index.</param>
    /// <param name="student">The student's logits.</param>
    /// <param name="weight">What the gradient is multiplied by; the value is not.</param>
    /// <param name="gradient">The gradient with respect to <paramref name="student"/> is added to it.</param>
    /// <param name="scratch"><see cref="ScratchLength"/> values or more, of any content.</param>
    public abstract double Add(int row, ReadOnlySpan<float> student, double weight, Span<float> gradient, Span<float> scratch);
}
