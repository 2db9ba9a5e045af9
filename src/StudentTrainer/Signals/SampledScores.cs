using OnnxKd.Core.LogitCaches;
using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Signals;

/// <summary>
/// Classes drawn from the teacher's softened distribution, with how often each came up: the cross-entropy with count ÷ draws. Its
/// expectation over the draws is the dense cross-entropy, which is the dense divergence plus the teacher's entropy; so the expected
/// gradient is the dense one. Anshumann et al., "Sparse logit sampling", ACL 2025.
/// </summary>
/// <param name="ids">Positions × places class indices (int64); those of unused places are valid too.</param>
/// <param name="counts">Positions × places; 0 in unused ones.</param>
/// <param name="draws">The sum of a position's counts.</param>
internal sealed class SampledScores(Tensor ids, Tensor counts, int draws) : TargetScores
{
    private const double Unused = 1e-30;

    /// <inheritdoc/>
    public override Tensor Top => ids.gather(1, counts.argmax(1, keepdim: true)).squeeze(1);

    /// <summary>Only at the temperature of the draws. Places that are not used have next to no probability.</summary>
    /// <inheritdoc/>
    public override (Tensor Student, Tensor Teacher) Soften(Tensor student, double temperature) => (
        student.Div(temperature).log_softmax(1).gather(1, ids),
        counts.to(student.dtype).Div(draws).ClampMin(Unused).log());
}

/// <summary>Draws at one temperature.</summary>
/// <param name="stream">The stream.</param>
/// <param name="storage">How it is stored.</param>
internal sealed class SampledForm(CacheStream stream, Sampled storage) : SparseScoreForm(stream)
{
    /// <inheritdoc/>
    protected override IReadOnlyList<double> Temperatures => [storage.Temperature];

    /// <inheritdoc/>
    public override StreamSignal Bind(IReadOnlyList<Tensor> fields) =>
        new SampledScores(Integers(0, fields), Integers(1, fields), storage.Draws);
}
