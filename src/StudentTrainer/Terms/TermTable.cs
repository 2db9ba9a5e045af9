using OnnxKd.Core.Settings;
using OnnxKd.StudentTrainer.Signals;

namespace OnnxKd.StudentTrainer.Terms;

/// <summary>Every term that an objective can be made of.</summary>
internal static class TermTable
{
    /// <summary>Names in recipes, and types.</summary>
    public static KindTable Kinds { get; } = new(
        // Responses.
        ("soft", typeof(SoftTerm)),
        ("hard", typeof(HardTerm)),
        ("logit-matching", typeof(LogitMatchingTerm)),
        ("dkd", typeof(DecoupledTerm)),
        ("dist", typeof(CorrelationTerm)),
        ("nkd", typeof(NormalisedTerm)),
        ("hard-distillation", typeof(HardDistillationTerm)),
        ("ofa", typeof(OneForAllTerm)),
        // Independent labels, values, embeddings.
        ("binary", typeof(BinaryTerm)),
        ("mse", typeof(SquaredErrorTerm)),
        ("mae", typeof(AbsoluteErrorTerm)),
        ("huber", typeof(HuberTerm)),
        ("cosine", typeof(CosineTerm)),
        // Detector heads.
        ("detector-scores", typeof(DetectorScoresTerm)),
        ("detector-boxes", typeof(DetectorBoxesTerm)),
        // Features.
        ("hint", typeof(HintTerm)),
        ("attention", typeof(AttentionTerm)),
        ("rkd", typeof(RelationalTerm)),
        ("srd", typeof(StandardisedDistanceTerm)),
        ("channel-wise", typeof(ChannelWiseTerm)),
        ("similarity", typeof(SimilarityTerm)),
        ("triplet", typeof(TripletTerm)));

    /// <summary>The names of the terms that learn from signals of a kind, or one of several.</summary>
    public static IReadOnlyList<string> Reading(SignalKind kinds) =>
    [
        .. Kinds.Names.Where(name => SettingSchema.Of(Kinds.Find(name)!).Default<Term>().Reads
            .Any(use => use.IsTarget && use.Kind != SignalKind.Labels && (use.Kind & kinds) != 0)),
    ];
}
