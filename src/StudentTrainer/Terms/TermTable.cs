using OnnxKd.Core.Settings;

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
        // Features.
        ("hint", typeof(HintTerm)),
        ("attention", typeof(AttentionTerm)),
        ("rkd", typeof(RelationalTerm)),
        ("srd", typeof(ProjectorTerm)),
        ("channel-wise", typeof(ChannelWiseTerm)),
        ("similarity", typeof(SimilarityTerm)),
        ("triplet", typeof(TripletTerm)));
}
