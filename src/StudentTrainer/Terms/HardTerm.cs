using OnnxKd.Core.Settings;
using OnnxKd.StudentTrainer.Signals;
using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Terms;

/// <summary>Cross-entropy at temperature 1 with the labels, mean over the rows that have one: <see cref="LabelTargets"/>.</summary>
public sealed record HardTerm : Term
{
    /// <summary>The class scores that learn; default: the student's.</summary>
    [Setting("class scores that learn: a tensor of the student; none: its logits")]
    public string? Student { get; init; }

    internal override IReadOnlyList<SignalUse> Reads => [SignalUse.OwnScores(Student), SignalUse.Labels];

    internal override Tensor Compute(TermSignals signals) => signals.Labels.CrossEntropy(signals.Student);
}
