using System.Numerics.Tensors;
using OnnxKd.Core.Tensors;

namespace OnnxKd.StudentTrainer.Losses.Rows;

/// <summary>
/// −T² · Σ p log softmax(z/T) over a few classes, plus a number that does not depend on the student; the gradient is
/// T · (softmax(z/T) · Σ p − p).
/// </summary>
/// <param name="ids">Rows × places classes; a class may come up again with p = 0.</param>
/// <param name="temperature">T.</param>
internal abstract class CrossEntropyRows(NativeRows<long> ids, double temperature) : RowLoss
{
    /// <summary>T.</summary>
    protected double Temperature => temperature;

    /// <inheritdoc/>
    public override int ScratchLength(int classes) => classes + 2 * ids.Length;

    /// <inheritdoc/>
    public override double Add(int row, ReadOnlySpan<float> student, double weight, Span<float> gradient, Span<float> scratch)
    {
        var classes = ids[row];
        var own = scratch[..student.Length];
        var shares = scratch.Slice(student.Length, classes.Length);
        var constant = Targets(row, shares, scratch.Slice(student.Length + classes.Length, classes.Length));
        TensorPrimitives.Multiply(student, (float)(1 / temperature), own);
        Softened.Shift(own);
        var (mass, dot) = (0.0, 0.0);
        for (var i = 0; i < classes.Length; i++)
        {
            mass += shares[i];
            dot += (double)shares[i] * own[(int)classes[i]];
            gradient[(int)classes[i]] -= (float)(weight * temperature * shares[i]);
        }
        var sum = Softened.Exponentials(own);
        Softened.AddScaled(own, weight * temperature * mass / sum, gradient);
        return temperature * temperature * (constant - dot + mass * Math.Log(sum));
    }

    /// <summary>The targets of a row.</summary>
    /// <param name="row">Its index.</param>
    /// <param name="shares">Becomes p of each class of the row.</param>
    /// <param name="scratch">As long; overwritten.</param>
    /// <returns>The number that does not depend on the student.</returns>
    protected abstract double Targets(int row, Span<float> shares, Span<float> scratch);
}

/// <summary>The class of each row, at T = 1.</summary>
/// <param name="labels">Rows × 1.</param>
internal sealed class LabelRows(NativeRows<long> labels) : CrossEntropyRows(labels, temperature: 1)
{
    /// <inheritdoc/>
    protected override double Targets(int row, Span<float> shares, Span<float> scratch)
    {
        shares[0] = 1;
        return 0;
    }
}

/// <summary>Counts of draws: p = count ÷ draws.</summary>
/// <param name="ids">Rows × places classes.</param>
/// <param name="counts">How often each was drawn.</param>
/// <param name="draws">The sum of a row's counts.</param>
/// <param name="temperature">T.</param>
internal sealed class SampledSoftRows(NativeRows<long> ids, StoredRows counts, int draws, double temperature)
    : CrossEntropyRows(ids, temperature)
{
    /// <inheritdoc/>
    protected override double Targets(int row, Span<float> shares, Span<float> scratch)
    {
        TensorPrimitives.Divide(counts.Read(row, shares), draws, shares);
        return 0;
    }
}

/// <summary>A teacher's largest logits taken for all there is: p is their softmax at T, and the number is its negative entropy.</summary>
/// <param name="ids">Rows × k classes.</param>
/// <param name="logits">The teacher's.</param>
/// <param name="temperature">T.</param>
internal sealed class RenormalisedSoftRows(NativeRows<long> ids, StoredRows logits, double temperature)
    : CrossEntropyRows(ids, temperature)
{
    /// <inheritdoc/>
    protected override double Targets(int row, Span<float> shares, Span<float> scratch)
    {
        TensorPrimitives.Multiply(logits.Read(row, shares), (float)(1 / Temperature), shares);
        Softened.Shift(shares);
        shares.CopyTo(scratch);
        var sum = Softened.Exponentials(shares);
        TensorPrimitives.Divide(shares, (float)sum, shares);
        return OrderedSums.Dot(shares, scratch) - Math.Log(sum);
    }
}
