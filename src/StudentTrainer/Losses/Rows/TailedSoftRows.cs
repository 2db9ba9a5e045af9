using System.Numerics.Tensors;

namespace OnnxKd.StudentTrainer.Losses.Rows;

/// <summary>
/// T² · KL over the kept classes and, as one class more, all dropped ones (<see cref="Targets.TopKTargets"/>). With softened
/// probabilities q and p, and Q and P those of the tails, the gradient is T · (q − p) at a kept class and T · q · (Q − P) ÷ Q at a dropped
/// one.
/// </summary>
/// <param name="ids">Rows × k classes.</param>
/// <param name="logits">Rows × k, of the teacher.</param>
/// <param name="tails">Rows × temperatures, of the teacher at each.</param>
/// <param name="tail">The index of T among the temperatures.</param>
/// <param name="temperature">T.</param>
internal sealed class TailedSoftRows(NativeRows<long> ids, StoredRows logits, StoredRows tails, int tail, double temperature) : RowLoss
{
    /// <inheritdoc/>
    public override int ScratchLength(int classes) => classes + 3 * (logits.Length + 1) + tails.Length;

    /// <inheritdoc/>
    public override double Add(int row, ReadOnlySpan<float> student, double weight, Span<float> gradient, Span<float> scratch)
    {
        var kept = ids[row];
        var teachersTail = tails.Read(row, scratch)[tail];
        var groups = kept.Length + 1;
        var dropped = scratch[..student.Length];
        var rest = scratch[student.Length..];
        var own = rest[..groups];
        var target = rest.Slice(groups, groups);
        var difference = rest.Slice(2 * groups, groups);

        TensorPrimitives.Multiply(student, (float)(1 / temperature), dropped);
        for (var i = 0; i < kept.Length; i++)
        {
            own[i] = dropped[(int)kept[i]];
            dropped[(int)kept[i]] = float.NegativeInfinity;
        }
        var largest = Softened.Shift(dropped);
        var droppedSum = Softened.Exponentials(dropped);
        own[^1] = (float)(largest + Math.Log(droppedSum));
        TensorPrimitives.Multiply(logits.Read(row, target), (float)(1 / temperature), target[..^1]);
        target[^1] = teachersTail;

        var (divergence, ownSum, targetSum) = Softened.Compare(own, target, difference);
        for (var i = 0; i < kept.Length; i++)
            gradient[(int)kept[i]] += (float)(weight * temperature * (own[i] / ownSum - target[i] / targetSum));
        Softened.AddScaled(dropped, weight * temperature * (own[^1] / ownSum - target[^1] / targetSum) / droppedSum, gradient);
        return temperature * temperature * divergence;
    }
}
