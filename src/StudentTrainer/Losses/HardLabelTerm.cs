using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Losses;

/// <summary>Cross-entropy at temperature 1 with the labels, mean over the rows that have one: <see cref="LabelTargets"/>.</summary>
internal sealed class HardLabelTerm : LossTerm
{
    /// <inheritdoc/>
    public override TermNeeds Needs => TermNeeds.Labels;

    /// <inheritdoc/>
    public override Tensor Compute(in TermInputs inputs) => inputs.Labels!.CrossEntropy(inputs.Logits);
}
