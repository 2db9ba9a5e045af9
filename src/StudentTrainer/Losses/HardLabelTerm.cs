using OnnxKd.StudentTrainer.Losses.Rows;
using TorchSharp;
using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Losses;

/// <summary>Cross-entropy with the labels at temperature 1, mean over the rows.</summary>
internal sealed class HardLabelTerm : LossTerm
{
    /// <inheritdoc/>
    public override TermNeeds Needs => TermNeeds.Labels;

    /// <inheritdoc/>
    public override Tensor Compute(in TermInputs inputs) =>
        nn.functional.cross_entropy(inputs.Logits, inputs.Labels!, reduction: nn.Reduction.Mean);

    /// <inheritdoc/>
    public override RowLoss Rows(in TermInputs inputs) => new LabelRows(new(inputs.Labels!));
}
