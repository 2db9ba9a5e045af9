using OnnxKd.Core.Settings;
using OnnxKd.StudentTrainer.Signals;
using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Terms;

/// <summary>A term that compares class scores of the student with a teacher's, all of them.</summary>
public abstract record ScoreTerm : Term
{
    /// <summary>The class scores that are learned from; default: the cache's.</summary>
    [Setting("class scores to learn from: a stream of the cache, or `LEARNER/TENSOR`; none: the only ones")]
    public string? Teacher { get; init; }

    /// <summary>The class scores that learn; default: the student's.</summary>
    [Setting("class scores that learn: a tensor of the student; none: its logits")]
    public string? Student { get; init; }

    internal override IReadOnlyList<SignalUse> Reads => [SignalUse.OwnScores(Student), SignalUse.TargetScores(Teacher)];

    internal override void Require(TermShapes shapes) => shapes.RequireEveryLogit();
}

/// <summary>A term that compares class scores and treats the label's class apart.</summary>
public abstract record LabelledScoreTerm : ScoreTerm
{
    internal sealed override IReadOnlyList<SignalUse> Reads => [.. base.Reads, SignalUse.Labels];

    internal sealed override bool NeedsOneLabel => true;

    /// <summary>The scores of the classes other than the label's, in their order.</summary>
    /// <param name="scores">Positions × classes.</param>
    /// <param name="target">Positions × 1 (int64): the label's class.</param>
    private protected static Tensor Others(Tensor scores, Tensor target)
    {
        var others = TensorNumbers.Range(scores.shape[1] - 1, int64, scores.device).unsqueeze(0).expand(scores.shape[0], -1);
        return scores.gather(1, others.Add(others.ge(target).to(int64)));
    }
}
