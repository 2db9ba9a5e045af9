using TorchSharp;
using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Losses.Targets;

/// <summary>
/// The teacher's k largest logits, and of all others only their log-sum-exp at T. The dropped classes count as one more class, on both
/// sides: KL over k + 1 classes. So nothing pulls the student away from the mass that the teacher leaves to the tail, as renormalising
/// the k classes would; within the tail the student is free. With k = classes there is no tail, and it is the dense divergence.
/// </summary>
/// <param name="ids">Rows × k class indices (int64), each once.</param>
/// <param name="logits">Rows × k.</param>
/// <param name="tails">Rows × temperatures: log Σ exp(v/T) over the dropped classes.</param>
/// <param name="temperatures">The temperatures of the tails.</param>
internal sealed class TopKTargets(Tensor ids, Tensor logits, Tensor tails, IReadOnlyList<double> temperatures) : TeacherTargets
{
    /// <inheritdoc/>
    public override Tensor Divergence(Tensor student, double temperature)
    {
        var own = student.div(temperature);
        var kept = own.gather(1, ids);
        var target = logits.to(student.dtype).div(temperature);
        if (ids.shape[1] < student.shape[1])
        {
            // Summed over the dropped classes themselves: 1 − Σ kept has no digits left where the tail is small.
            var dropped = own.scatter(1, ids, full_like(kept, double.NegativeInfinity)).logsumexp(1, keepdim: true);
            kept = cat([kept, dropped], 1);
            target = cat([target, Tail(temperature).to(student.dtype)], 1);
        }
        return nn.functional.kl_div(kept.log_softmax(1), target.log_softmax(1), log_target: true, reduction: nn.Reduction.Sum);
    }

    private Tensor Tail(double temperature) => tails.narrow(1, temperatures.ToList().IndexOf(temperature), 1);
}
