using OnnxKd.Core.Errors;
using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Signals;

/// <summary>
/// The classes of positions. Where views are mixed from two samples, the loss of a position is λ · loss(own class) + (1 − λ) · loss(partner's
/// class): Zhang et al., "mixup: beyond empirical risk minimization", 2018, section 2; Yun et al., "CutMix", 2019, equation 1.
/// </summary>
/// <param name="Classes">Of each position (int64).</param>
/// <param name="Partners">Of what is mixed in (int64); <c>null</c>: nothing is.</param>
/// <param name="Shares">λ of each position; <c>null</c>: 1.</param>
/// <param name="AllKnown">Whether no class is −1, for not known.</param>
internal sealed record LabelTargets(Tensor Classes, Tensor? Partners = null, Tensor? Shares = null, bool AllKnown = true)
{
    private const int Unknown = -1;

    /// <summary>Cross-entropy at temperature 1, mean over the positions whose class is known; 0 where none is.</summary>
    /// <param name="logits">Positions × classes.</param>
    public Tensor CrossEntropy(Tensor logits)
    {
        if (AllKnown && Partners is null)
            return nn.functional.cross_entropy(logits, Classes, reduction: nn.Reduction.Mean);
        var (losses, known) = PerPosition(logits, Classes);
        if (Partners is not null)
        {
            var (share, rest) = (Shares!.to(logits.dtype), Shares!.to(logits.dtype).neg().Add(1));
            var (partnerLosses, partnerKnown) = PerPosition(logits, Partners);
            (losses, known) = (losses.mul(share).Add(partnerLosses.mul(rest)), known.mul(share).Add(partnerKnown.mul(rest)));
        }
        return losses.sum().div(known.sum().ClampMin(1e-6));
    }

    /// <summary>Binary cross-entropy of independent labels, mean over those that are known; 0 where none is.</summary>
    /// <param name="logits">Positions × labels; <see cref="Classes"/> has 0 or 1 for each.</param>
    public Tensor BinaryCrossEntropy(Tensor logits)
    {
        var (losses, known) = Labels(logits, Classes);
        if (Partners is not null)
        {
            var share = Shares!.to(logits.dtype).reshape(logits.shape);
            var rest = share.neg().Add(1);
            var (partnerLosses, partnerKnown) = Labels(logits, Partners);
            (losses, known) = (losses.mul(share).Add(partnerLosses.mul(rest)), known.mul(share).Add(partnerKnown.mul(rest)));
        }
        return losses.sum().div(known.sum().ClampMin(1e-6));
    }

    /// <summary>The one known class of each position (int64), for terms that single it out.</summary>
    /// <param name="term">The term, for the message.</param>
    /// <exception cref="InputException">Views are mixed from two samples, or the class of a position may not be known.</exception>
    public Tensor Single(string term) => AllKnown && Partners is null ? Classes : throw new InputException(
        "A term of the objective needs one known class at each position.",
        $"objective, term '{term}'", Partners is null ? "labels for positions, some of which may be unknown" : "views that are mixed from two samples",
        remedy: "leave the mixing out, or use 'soft'");

    private static (Tensor Losses, Tensor Known) Labels(Tensor logits, Tensor labels)
    {
        var known = labels.Ne(Unknown).to(logits.dtype).reshape(logits.shape);
        var targets = labels.to(logits.dtype).reshape(logits.shape).ClampMin(0);
        return (nn.functional.binary_cross_entropy_with_logits(logits, targets, reduction: nn.Reduction.None).mul(known), known);
    }

    /// <summary>The loss of each position, 0 where the class is not known, and 1 where it is.</summary>
    private static (Tensor Losses, Tensor Known) PerPosition(Tensor logits, Tensor classes) => (
        nn.functional.cross_entropy(logits, classes, ignore_index: Unknown, reduction: nn.Reduction.None),
        classes.Ne(Unknown).to(logits.dtype));
}
