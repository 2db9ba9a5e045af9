using OnnxKd.Core.LogitCaches;
using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Signals;

/// <summary>
/// The teacher's k largest logits, and of all others only their log-sum-exp at T. The dropped classes count as one more class, on both
/// sides: KL over k + 1 classes. So nothing pulls the student away from the mass that the teacher leaves to the tail, as renormalising
/// the k classes would; within the tail the student is free. With k = classes there is no tail, and it is the dense divergence. A cache
/// that was captured without tails says that the k classes are all: their probabilities are renormalised.
/// </summary>
/// <param name="ids">Positions × k class indices (int64), each once at a position.</param>
/// <param name="logits">Positions × k.</param>
/// <param name="tails">Positions × temperatures: log Σ exp(v/T) over the dropped classes; <c>null</c>: none.</param>
/// <param name="temperatures">The temperatures of the tails.</param>
internal sealed class TopKScores(Tensor ids, Tensor logits, Tensor? tails, IReadOnlyList<double> temperatures) : TargetScores
{
    /// <inheritdoc/>
    public override Tensor Top => ids.gather(1, logits.argmax(1, keepdim: true)).squeeze(1);

    /// <inheritdoc/>
    public override bool Knows(double temperature) => tails is null || temperatures.Contains(temperature);

    /// <inheritdoc/>
    public override (Tensor Student, Tensor Teacher) Soften(Tensor student, double temperature)
    {
        var own = student.Div(temperature);
        var target = logits.to(student.dtype).Div(temperature);
        if (tails is null)
            return (own.log_softmax(1).gather(1, ids), target.log_softmax(1));

        // Summed over the dropped classes themselves: 1 − Σ kept would have no digits left where the tail is small.
        var kept = own.gather(1, ids);
        var dropped = own.scatter(1, ids, TensorNumbers.FullLike(kept, double.NegativeInfinity)).logsumexp(1, keepdim: true);
        return (cat([kept, dropped], 1).log_softmax(1), cat([target, Tail(temperature).to(student.dtype)], 1).log_softmax(1));
    }

    private Tensor Tail(double temperature) => tails!.narrow(1, IndexOf(temperature), 1);

    private int IndexOf(double temperature) => temperatures.ToList().IndexOf(temperature);
}

/// <summary>The largest logits, with or without the tail.</summary>
/// <param name="stream">The stream.</param>
/// <param name="storage">How it is stored.</param>
internal sealed class TopKForm(CacheStream stream, TopK storage) : SparseScoreForm(stream)
{
    private bool HasTail => Fields.Count > 2;

    /// <inheritdoc/>
    protected override IReadOnlyList<double>? Temperatures => HasTail ? storage.Temperatures : null;

    /// <inheritdoc/>
    public override StreamSignal Bind(IReadOnlyList<Tensor> fields) =>
        new TopKScores(Integers(0, fields), fields[1], HasTail ? fields[2] : null, storage.Temperatures);
}
