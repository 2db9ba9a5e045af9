using OnnxKd.Core.LogitCaches;
using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Losses.Targets;

/// <summary>
/// Classes drawn from the teacher's softened distribution, with how often each came up: the cross-entropy with count ÷ draws. Its
/// expectation over the draws is the dense cross-entropy, which is the dense divergence plus the teacher's entropy; so the expected
/// gradient is the dense one. Anshumann et al., "Sparse logit sampling", ACL 2025.
/// </summary>
/// <param name="ids">Rows × places class indices (int64); those of unused places are valid too.</param>
/// <param name="counts">Rows × places; 0 in unused ones.</param>
/// <param name="draws">The sum of a row's counts.</param>
internal sealed class SampledTargets(Tensor ids, Tensor counts, int draws) : TeacherTargets
{
    /// <inheritdoc/>
    public override Tensor Top => ids.gather(1, counts.argmax(1, keepdim: true)).squeeze(1);

    /// <inheritdoc/>
    public override Tensor Divergence(Tensor student, double temperature) =>
        student.div(temperature).log_softmax(1).gather(1, ids).mul(counts.to(student.dtype)).sum().div(-draws);
}

/// <summary>Draws at one temperature.</summary>
/// <param name="stream">The stream.</param>
/// <param name="storage">How it is stored.</param>
internal sealed class SampledForm(CacheStream stream, Sampled storage) : SparseForm(stream)
{
    /// <inheritdoc/>
    protected override IReadOnlyList<double> Temperatures => [storage.Temperature];

    /// <inheritdoc/>
    public override TeacherTargets Bind(IReadOnlyList<Tensor> fields) =>
        new SampledTargets(Integers(0, fields), Integers(1, fields), storage.Draws);
}
