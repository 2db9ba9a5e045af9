using OnnxKd.Core.Settings;
using OnnxKd.StudentTrainer.Signals;
using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Terms;

/// <summary>
/// Cross-entropy at temperature 1 with the labels, mean over the positions that have one: <see cref="LabelTargets"/>. Where each column has a label
/// of its own, binary cross-entropy, mean over positions and columns.
/// </summary>
public sealed record HardTerm : Term
{
    /// <summary>The scores that learn; default: the student's.</summary>
    [Setting("scores that learn: a tensor of the student; none: its logits")]
    public string? Student { get; init; }

    internal override IReadOnlyList<SignalUse> Reads => [SignalUse.Own(SignalKind.Scores | SignalKind.LabelScores, Student), SignalUse.Labels];

    internal override Tensor Compute(TermSignals signals) => signals.Student is var scores && signals.Labels.Classes.numel() == scores.numel()
        ? signals.Labels.BinaryCrossEntropy(scores)
        : signals.Labels.CrossEntropy(scores);
}
